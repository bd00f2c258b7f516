//! Query parser: replaces the mark `@id`, which ImageResizer's queries have too, by the database's parameters. Called
//! by `install`. It knows just enough of SQL to tell quoted text and comments from the rest. The database reports other
//! errors when the query is tried.

use std::sync::Arc;

/// The mark for the id in an operator's query.
const PLACE: &str = "@id";

/// A query in the syntax of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// The text, which holds no id.
    pub(crate) text: Arc<str>,
    /// How often the id has to be passed.
    pub(crate) parameters: usize,
}

/// The syntax of parameters, quotes and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `$1`, which may be repeated.
    Postgres,
    /// `?`, each a parameter of its own. A backslash in a string escapes the next character, and `#` begins a comment.
    MySql,
    /// `?1`, which may be repeated.
    Sqlite,
}

/// The reason why a query cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("the query does not say where the image's id belongs; write @id there, as in `WHERE ImageID = @id`")]
    NoPlace,
    #[error("@id stands in quotes, where it is mere text; write it without, as in `WHERE ImageID = @id`")]
    Quoted,
    #[error("a quote or a comment in the query is not closed")]
    Open,
}

impl Query {
    /// Translates the operator's query.
    pub(crate) fn parse(written: &str, syntax: Syntax) -> Result<Self, QueryError> {
        let parameter = match syntax {
            Syntax::Postgres => "$1",
            Syntax::MySql => "?",
            Syntax::Sqlite => "?1",
        };
        let (mut text, mut places) = (String::new(), 0);
        let mut rest = written;
        while let Some(next) = rest.chars().next() {
            if is_place(&text, rest) {
                text.push_str(parameter);
                places += 1;
                rest = &rest[PLACE.len()..];
                continue;
            }
            let end = match next {
                '\'' | '"' | '`' => {
                    let end = end_of_quotes(rest, next, syntax).ok_or(QueryError::Open)?;
                    if (1..end).any(|at| rest.is_char_boundary(at) && is_place(&rest[..at], &rest[at..end])) {
                        return Err(QueryError::Quoted);
                    }
                    end
                }
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                '#' if syntax == Syntax::MySql => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => rest.find("*/").ok_or(QueryError::Open)? + 2,
                _ => next.len_utf8(),
            };
            text.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        if places == 0 {
            return Err(QueryError::NoPlace);
        }
        let parameters = if syntax == Syntax::MySql { places } else { 1 };
        let text = text.into();
        Ok(Self { text, parameters })
    }
}

/// Whether `rest` begins with the mark, and not with a longer word or a server variable (`@@id`).
fn is_place(before: &str, rest: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '@';
    rest.get(..PLACE.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(PLACE))
        && !before.ends_with(in_word)
        && !rest[PLACE.len()..].starts_with(in_word)
}

/// The end of quoted text, including its quotes. A doubled quote ends one text and begins the next, with the same
/// result.
fn end_of_quotes(rest: &str, quote: char, syntax: Syntax) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Some(at + 1);
        }
        if character == '\\' && syntax == Syntax::MySql && quote != '`' {
            characters.next();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Query, QueryError as E, Syntax};

    #[test]
    fn query_gets_the_parameters_of_its_database() {
        let check = |written: &str, syntax, expected: Result<(&str, usize), E>| {
            let query = Query::parse(written, syntax);
            let query = query.as_ref().map(|query| (&*query.text, query.parameters));
            assert_eq!(query, expected.as_ref().copied(), "{written}");
        };
        let all = [Syntax::Postgres, Syntax::MySql, Syntax::Sqlite];
        let same = |written: &str, expected: [Result<(&str, usize), E>; 3]| {
            for (syntax, expected) in all.into_iter().zip(expected) {
                check(written, syntax, expected);
            }
        };
        same("= @id", [Ok(("= $1", 1)), Ok(("= ?", 1)), Ok(("= ?1", 1))]);
        same("=@ID;", [Ok(("=$1;", 1)), Ok(("=?;", 1)), Ok(("=?1;", 1))]);
        same(
            "@id, f(@id)",
            [Ok(("$1, f($1)", 1)), Ok(("?, f(?)", 2)), Ok(("?1, f(?1)", 1))],
        );
        same(
            "'it''s' /* isn't @id */ -- don't @id\n@id",
            [
                Ok(("'it''s' /* isn't @id */ -- don't @id\n$1", 1)),
                Ok(("'it''s' /* isn't @id */ -- don't @id\n?", 1)),
                Ok(("'it''s' /* isn't @id */ -- don't @id\n?1", 1)),
            ],
        );
        check("@id::uuid", Syntax::Postgres, Ok(("$1::uuid", 1)));
        check("'\u{e4}' \u{e4} @id", Syntax::MySql, Ok(("'\u{e4}' \u{e4} ?", 1)));
        check("'\\'' @id # isn't", Syntax::MySql, Ok(("'\\'' ? # isn't", 1)));
        check("'\\' @id", Syntax::Postgres, Ok(("'\\' $1", 1)));
        check("a # b = @id", Syntax::Postgres, Ok(("a # b = $1", 1)));
        for syntax in all {
            for without in [
                "",
                "= ?",
                "= $1",
                "= @@id",
                "= @identity",
                "= x@id",
                "-- @id",
                "/* @id */ 1",
            ] {
                check(without, syntax, Err(E::NoPlace));
            }
            for quoted in [
                "= '@id'",
                "= \"@id\"",
                "= `@id`",
                "= @id AND b = '@id'",
                "LIKE '%@id%'",
                "= '@ID'",
            ] {
                check(quoted, syntax, Err(E::Quoted));
            }
            for open in ["@id '", "@id /*", "@id \"'", "'''"] {
                check(open, syntax, Err(E::Open));
            }
        }
        check("@id '\\'", Syntax::MySql, Err(E::Open));
    }
}
