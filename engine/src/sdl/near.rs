//! What somebody meant who wrote a name that is not there.

/// The candidate that is most like the name, if one is like enough.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = name.len().div_ceil(4).min(name.len() / 2);
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The nearest candidate as a question, or else what the candidates are while they are few.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(candidate) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let mut listed: Vec<&str> = candidates.into_iter().take(LISTED_MAX + 1).collect();
    let more = listed.len() > LISTED_MAX;
    listed.truncate(LISTED_MAX);
    let more = if more { ", …" } else { "" };
    (!listed.is_empty()).then(|| format!("there is {}{more}", listed.join(", ")))
}

const NAME_BYTES_MAX: usize = 64;
const LISTED_MAX: usize = 12;

/// Edits between two names; a difference of case alone counts less than any edit.
fn distance(name: &str, candidate: &str) -> usize {
    strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_the_name_and_strangers_do_not() {
        let names = ["customer", "customers", "order", "product"];
        assert_eq!(nearest("custmer", names), Some("customer"));
        assert_eq!(nearest("Order", names), Some("order"));
        assert_eq!(nearest("prodcut", names), Some("product"));
        assert_eq!(nearest("invoice", names), None);
        assert_eq!(nearest(&"x".repeat(100_000), names), None);
    }
}
