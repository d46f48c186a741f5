//! `docs/native-layout.md` names every field of every value, and every kind of key, that a store holds.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::machine::Machine;
use crate::support::pages::root;

/// Uses everything that writes: links, sends with and without a key, a refused one, wrong and right codes, a lock, revoke.
const STORY: &str = r#"
exec 2>&1
set -e
mkdir -p ~/.config/otpctl
cat > ~/.config/otpctl/otpctl.toml << 'END'
[store.redis]
url = "redis://127.0.0.1:6379/0"
[code]
peppers = [{ id = "1", value = "0123456789abcdef0123456789abcdef" }]
[limits]
cooldown = ["1s"]
locks = { 2 = "1h" }
[policy]
countries = ["IN"]
[routes]
default = ["sends"]
[providers.sends]
kind = "command"
argv = ["sh", "-c", "cat > sent; echo m-1"]
[providers.waits]
kind = "command"
argv = ["sh", "-c", "cat > sent; touch begun; sleep 20"]
[providers.refuses]
kind = "command"
argv = ["false"]
END
chmod 600 ~/.config/otpctl/otpctl.toml
otpctl user link u_1 +919876543210
otpctl send --idempotency-key k-1 --reason "asked for" +919876543210
otpctl verify +919876543210 000000 || test $? = 10
sed 's/.*"code":"\([0-9]*\)".*/\1/' sent | otpctl verify +919876543210
sleep 1
otpctl send --provider refuses +919876543210 || test $? = 25
otpctl unlock --limits +919876543210
otpctl send +919876543210
sleep 1
rm -f begun
otpctl send --provider waits +919876543210 & waiting=$!
while ! test -e begun; do sleep 0.05; done
for key in $(redis-cli --scan --pattern '*record'); do redis-cli get "$key" > ~/pending; done
kill $waiting
wait $waiting || true
otpctl issue +919876543211
otpctl verify +919876543211 000000 || test $? = 10
otpctl verify +919876543211 000000 || test $? = 12
otpctl revoke +919876543211
otpctl unlock +919876543212
for key in $(redis-cli --scan); do
  echo "@@ $key"
  case $key in
    *:timeline) redis-cli lrange "$key" 0 -1 ;;
    *:events) redis-cli xlen "$key" ;;
    *stats*) redis-cli hlen "$key" ;;
    *) redis-cli get "$key" ;;
  esac
done
echo "@@ pending"
cat ~/pending
echo "@@ end"
"#;

#[test]
fn the_page_on_the_layout_names_every_field() {
    let page = fs::read_to_string(root().join("docs/native-layout.md")).expect("the page");
    let machine = Machine::new("127.0.0.1:6379");
    let printed = machine.run(&machine.keep("script", STORY));
    assert!(printed.ends_with("@@ end\n"), "the story ends early:\n{printed}");
    let (mut fields, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for part in printed.split("@@ ").skip(1) {
        let (key, values) = part.split_once('\n').expect("a key and its values");
        // The numbers are named by their time, and no kind is in their names.
        let kind = key.rsplit_once(':').filter(|_| !key.contains("{stats:"));
        kinds.extend(kind.map(|(_, kind)| kind.to_owned()));
        for value in values.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            collect(&value, &mut fields);
        }
    }
    assert_eq!(kinds.len(), 10, "{kinds:?}: this story should meet every kind of key");
    assert!(fields.len() > 40, "{fields:?}: this story should meet nearly every field");
    let names = |word: &str| page.contains(&format!("`{word}`"));
    let missing: Vec<_> = fields.iter().filter(|field| !names(field)).collect();
    assert!(missing.is_empty(), "not in the page: {missing:?}");
    let missing: Vec<_> = kinds.iter().filter(|kind| !page.contains(&format!("}}:{kind}`"))).collect();
    assert!(missing.is_empty(), "not in the page: {missing:?}");
}

/// The names of fields. The keys of a map, which are a purpose, the length of a window or a number, are values, not names.
fn collect(value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                fields.insert(name.clone());
                match (name.as_str(), value) {
                    ("purposes" | "windows" | "marks", Value::Object(map)) => {
                        map.values().for_each(|value| collect(value, fields));
                    }
                    _ => collect(value, fields),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
        _ => {}
    }
}
