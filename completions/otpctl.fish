# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_otpctl_global_optspecs
    string join \n c/config= p/profile= o/output= json q/quiet v/verbose color= y/yes no-input reason= timeout= unmask dry-run h/help V/version
end

function __fish_otpctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_otpctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_otpctl_using_subcommand
    set -l cmd (__fish_otpctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c otpctl -n "__fish_otpctl_needs_command" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_needs_command" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_needs_command" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_needs_command" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_needs_command" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_needs_command" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_needs_command" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_needs_command" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_needs_command" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_needs_command" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_needs_command" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_needs_command" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_needs_command" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_needs_command" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "send" -d 'Send a code by SMS'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "issue" -d 'Print a new code instead of sending it'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "verify" -d 'Check a code, which uses one attempt'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "revoke" -d 'Cancel live codes'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "deliver" -d 'Send a code that another server made and checks'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "outcome" -d 'Record how a code ended that another server checks'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "wait" -d 'Wait until an SMS is delivered or its code is used'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "inspect" -d 'Show why a login does not work: code, limits, delivery'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "unlock" -d 'Clear a lock and the count of wrong codes'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "events" -d 'Show recent events, of all phones or of one'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "stats" -d 'Count what was sent, delivered and used'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "list" -d 'List live codes, locked phones, or SMS that failed'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "policy" -d 'Block or allow phones, prefixes, countries'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "user" -d 'Link users to phones'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "provider" -d 'List and test providers; show balances'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "delivery" -d 'Record delivery reports'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "store" -d 'Check and clean the store; print Redis ACL rules'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "audit" -d 'Check the records of what was done'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "doctor" -d 'Check everything that `send` and `verify` need'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "config" -d 'Find, show, check or create the configuration file'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "version" -d 'Print the version'
complete -c otpctl -n "__fish_otpctl_needs_command" -f -a "help" -d 'Explain a command, the global options or the exit codes'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l from -d 'Send to each line of a file, or of stdin (`-`)' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l provider -d 'Use this provider instead of the route\'s' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l channel -d 'Use only the route\'s providers of this channel' -r -f -a "sms\t''
whatsapp\t''
telegram\t''
voice\t''
rcs\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l lang -d 'Language of the text' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l ttl -d 'Lifetime of the code, such as 5m; at most 10m' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l user -d 'The user that the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l idempotency-key -d 'Repeating with the same key sends no second SMS' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l wait -d 'Then wait until the SMS is delivered, or for WHAT' -r -f -a "accepted\t''
delivered\t''
verified\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand send" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l ttl -d 'Lifetime of the code, such as 5m; at most 10m' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l user -d 'The user that the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand issue" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l user -d 'The user that the code must be for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l assert -d 'On success, print a signed statement of who it is' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l attempt-id -d 'Repeating with the same id uses no second attempt' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l require-user -d 'Fail unless the phone is linked to one user'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand verify" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l from -d 'Read one from each line of a file, or of stdin (`-`)' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l purpose -d 'Only codes for this purpose' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l all -d 'All live codes of every phone; asks first'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l must-exist -d 'Exit with 14 if there is no live code'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand revoke" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l provider -d 'Use this provider instead of the route\'s' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l channel -d 'Use only the route\'s providers of this channel' -r -f -a "sms\t''
whatsapp\t''
telegram\t''
voice\t''
rcs\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l lang -d 'Language of the text' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l ttl -d 'Lifetime of the code, such as 5m; at most 10m' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l user -d 'The user that the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l idempotency-key -d 'Repeating with the same key sends no second SMS' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l wait -d 'Then wait until the SMS is delivered, or for WHAT' -r -f -a "accepted\t''
delivered\t''
verified\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand deliver" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l challenge -d 'This code instead of the newest' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand outcome" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l for -d 'What to wait for' -r -f -a "accepted\t''
delivered\t''
verified\t''
expired\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l purpose -d 'What the code is for' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand wait" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l purpose -d 'About this purpose (default: that of the newest event)' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l full -d 'Show all events, deliveries, limits and ids'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l no-provider -d 'Do not ask the provider about an SMS that may be on its way'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l purpose -d 'Only for this purpose' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l limits -d 'Also clear the wait between sends and the phone\'s send limits'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand unlock" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l since -d 'Only events since then: a duration such as 1h, or a time such as 2026-11-27T10:00:00Z' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l type -d 'Only events of this type; may be repeated' -r -f -a "send\t''
delivery\t''
verify\t''
revoke\t''
lock\t''
unlock\t''
user\t''
policy\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l limit -d 'At most this many events, the newest' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s f -l follow -d 'Go on, and show each event as it happens'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand events" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l since -d 'How far back' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l by -d 'What each row stands for' -r -f -a "country\t''
provider\t''
channel\t''
range\t'The number less its last six digits'
operator\t''
hour\t''"
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l html -d 'Write them to a page for a browser instead' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l prometheus -d 'Print them in the text format of Prometheus'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand stats" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l state -d 'What to list' -r -f -a "live\t'Codes that may be typed now'
locked\t'Phones that are locked'
pending\t'Codes whose provider has not answered yet'
unknown\t'Codes that may have been sent'
failed\t'SMS that were not sent or did not arrive'"
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l since -d 'Only what began within this time, such as 1h' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l country -d 'Only numbers of this country, such as IN' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l limit -d 'At most this many rows' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l cursor -d 'Continue where the last page ended' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand list" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -f -a "show" -d 'Show which rule would stop a send, without sending'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -f -a "block" -d 'Send nothing to a phone, a prefix or a country'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -f -a "allow" -d 'Send to a phone, a prefix or a country anyway'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -f -a "remove" -d 'Remove the entry of a phone, a prefix or a country'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and not __fish_seen_subcommand_from show block allow remove list" -f -a "list" -d 'List all entries: countries, prefixes, phones'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l purpose -d 'For a code of this purpose' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l until -d 'For so long (24h), or until a time (2026-12-01T18:00) [default: until it is removed]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from block" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l until -d 'For so long (24h), or until a time (2026-12-01T18:00) [default: until it is removed]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from allow" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "link" -d 'Link a user to a phone'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "unlink" -d 'Unlink a user from a phone, or from all of its phones'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "move" -d 'Give a user this phone and no other'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "show" -d 'Show the phones of a user, or the users of a phone'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "list" -d 'List users that have phones'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "import" -d 'Link the users of a file to their phones'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and not __fish_seen_subcommand_from link unlink move show list import export" -f -a "export" -d 'Write all users with their phones, for `user import`'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l no-notify -d 'Send no text about the change (see `notify_on_change`)'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from link" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l no-notify -d 'Send no text about the change (see `notify_on_change`)'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from unlink" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l no-notify -d 'Send no text about the change (see `notify_on_change`)'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from move" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l history -d 'Who linked and unlinked what, when and why'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l limit -d 'At most about this many rows; 0: all' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l cursor -d 'Continue where the last page ended' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l replace -d 'Where somebody else has the phone, or the user has other phones, unlink them'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l no-notify -d 'Send no text about the change (see `notify_on_change`)'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand user; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -f -a "list" -d 'List the configured providers and what each can do'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -f -a "show" -d 'Print the definition of a provider, to start your own from'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -f -a "check" -d 'Check your own definition of a provider; makes no request'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -f -a "test" -d 'Test the settings of a provider with one free request'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and not __fish_seen_subcommand_from list show check test balance" -f -a "balance" -d 'Show what is left on the providers\' accounts'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l all -d 'Also list what could be configured'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand provider; and __fish_seen_subcommand_from balance" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and not __fish_seen_subcommand_from record" -f -a "record" -d 'Record delivery reports from stdin'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l provider -d 'Read what this provider sent, unchanged: JSON, a form or a query' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l phone -d 'The receiver, if the reports do not name it' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand delivery; and __fish_seen_subcommand_from record" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -f -a "check" -d 'Find keys that are wrong, ours and the application\'s'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -f -a "purge" -d 'Remove keys that `store check` found'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and not __fish_seen_subcommand_from check purge acl" -f -a "acl" -d 'Print Redis ACL rules that allow each role no more than it needs'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l match -d 'Only keys that match this Redis pattern, such as \'otp:*\'' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l limit -d 'Show at most this many keys of each finding [default: 20; `-o jsonl`: all]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l only -d 'Only these findings, even if somebody may still need the keys' -r -f -a "over\t'it has expired, and has no lifetime'
wrong_type\t'its type is not one that otpctl writes'
unreadable\t'its content is not what otpctl writes'
unknown_key\t'it has our prefix, but otpctl has no such key'
stale_index\t'it names a phone that is not linked to the user'
plaintext_code\t'anyone who can read this store can read this code'
code_no_ttl\t'a code that never expires'
code_long_ttl\t'a code with a lifetime of more than a day'
limit_no_ttl\t'a count or a wait that never expires'
orphan_counter\t'a count of attempts that never expires, and its code is gone'
otpgateway_orphan\t'what otpgateway leaves behind after each login'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l match -d 'Only keys that match this Redis pattern, such as \'otp:*\'' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l limit -d 'Remove at most this many' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from purge" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l role -d 'The role [default: a line for each]' -r -f -a "support\t'Reads, and changes nothing'
operator\t'Sends, verifies, revokes, unlocks'
admin\t'Also examines the servers'
ci\t'Sends and verifies, and lists nothing'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l user -d 'The name of the Redis user [default: otpctl-ROLE]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l redis -d 'The version of the server, if it cannot be asked' -r -f -a "6.0\t'Redis 6.0'
6.2\t'Redis 6.2'
7\t'Redis 7 and later, Valkey'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand store; and __fish_seen_subcommand_from acl" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -f -a "verify" -d 'Check that nobody changed the records'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and not __fish_seen_subcommand_from verify anchor" -f -a "anchor" -d 'Print the newest record\'s number and short MAC'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l anchor -d 'What `audit anchor` printed before' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand audit; and __fish_seen_subcommand_from anchor" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l providers -d 'Also make one free request to each provider'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l problems -d 'Show only what is not ok, the worst first'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l strict -d 'Exit with an error for warnings too'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -f -a "path" -d 'Print the path of the file that is read'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -f -a "show" -d 'Print every setting; of secrets only where they come from'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -f -a "check" -d 'Check the file, its texts and its secrets; makes no request'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -f -a "jwks" -d 'Print the public key of assertions, as a JWK Set'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and not __fish_seen_subcommand_from path show check jwks init" -f -a "init" -d 'Create a configuration file; never changes an existing one'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'Show where each value came from'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from jwks" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand config; and __fish_seen_subcommand_from init" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand completions" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand version" -s V -l version -d 'Print version'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s c -l config -d 'The configuration file to read' -r -F
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s p -l profile -d 'Read NAME.toml in the configuration folders' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s o -l output -d 'Output format' -r -f -a "human\t'A sentence for one thing, a table for many'
json\t'One document'
jsonl\t'One document a line'"
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe'
never\t'Nowhere'"
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l reason -d 'Why you do this; recorded with the event' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l timeout -d 'Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]' -r -f
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l json -d 'Short for --output json'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s q -l quiet -d 'Print no hints or warnings; twice: print nothing'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s v -l verbose -d 'Log to stderr, never a secret; twice: log more'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s y -l yes -d 'Answer yes to every confirmation'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l no-input -d 'Never prompt; fail where an answer is needed'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l unmask -d 'Show phone numbers in full'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -l dry-run -d 'Do everything except writes and provider calls'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c otpctl -n "__fish_otpctl_using_subcommand help" -s V -l version -d 'Print version'
