//! JSON Schemas of documents: made from their types by tests, which hold docs/schemas to them. Nothing of it is shipped.

/// What a document is made of. In tests that has a schema: a document without one does not build there.
#[cfg(test)]
pub trait Described: schemars::JsonSchema {}
#[cfg(test)]
impl<T: schemars::JsonSchema + ?Sized> Described for T {}

/// What a document is made of.
#[cfg(not(test))]
pub trait Described {}
#[cfg(not(test))]
impl<T: ?Sized> Described for T {}

/// Holds the schemas of a module's documents to their types: `documents! { "otpctl.version/1" => Version }`.
/// `UPDATE=1 cargo test --lib schema` writes them.
macro_rules! documents {
    ($($schema:literal => $document:ty),+ $(,)?) => {
        #[cfg(test)]
        #[test]
        fn schemas_are_those_of_the_documents() {
            $($crate::otp::schema::tests::hold::<$document>($schema);)+
        }
    };
}
pub(crate) use documents;

/// Says that a type is a text in documents, of a format where there is one.
macro_rules! text_in_documents {
    ($text:ty $(, $format:literal)?) => {
        #[cfg(test)]
        impl schemars::JsonSchema for $text {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($text).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" $(, "format": $format)? })
            }
        }
    };
}
pub(crate) use text_in_documents;

#[cfg(test)]
pub(crate) mod tests;
