//! What was probably meant by a name that is none.

/// Whether two names differ only in how words are joined and in case: `avatarId`, `avatar-id` and `avatar_id`.
#[must_use]
pub(super) fn is_alike(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        name.bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-' | b' ' | b'.'))
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<u8>>()
    };
    one.len().abs_diff(other.len()) <= 4 && letters(one) == letters(other)
}

/// The name that `written` is a misspelling or a part of: `avtar_id` of `avatar_id`, `model` of `model_name`.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Longer than any name that is meant; keeps the work for each small.
    const LONGEST: usize = 64;
    if written.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let distance = if is_alike(written, name) {
            0
        } else if is_part(written, name) {
            1
        } else {
            distance(written.as_bytes(), name.as_bytes())
        };
        // A third of its letters may be wrong.
        if distance * 3 <= written.len().max(name.len()) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Whether `part` is the first or last words of `name`, or all of them cut short: `llm_config_id` for
/// `llm_configuration_id`.
fn is_part(part: &str, name: &str) -> bool {
    let is_first = || name.strip_prefix(part).is_some_and(|rest| rest.starts_with('_'));
    let is_last = || name.strip_suffix(part).is_some_and(|rest| rest.ends_with('_'));
    let is_short = || {
        let mut words = name.split('_');
        let all = part
            .split('_')
            .all(|word| words.next().is_some_and(|whole| whole.starts_with(word)));
        all && words.next().is_none()
    };
    part.len() >= 3 && (is_first() || is_last() || is_short())
}

/// How many letters must be put in, left out, replaced or swapped with their neighbour to get from one to the other
/// (optimal string alignment).
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut before = vec![0; other.len() + 1];
    let mut above: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (row, &letter) in one.iter().enumerate() {
        let mut current = Vec::with_capacity(above.len());
        let mut left = row + 1;
        current.push(left);
        let mut previous = None;
        let columns = other.iter().zip(above.windows(2)).enumerate();
        for (column, (&wanted, window)) in columns {
            let (diagonal, up) = match window {
                [diagonal, up] => (*diagonal, *up),
                _ => continue,
            };
            left = (diagonal + usize::from(letter != wanted)).min(up + 1).min(left + 1);
            if last == Some(wanted) && previous == Some(letter) {
                let swapped = column.checked_sub(1).and_then(|at| before.get(at)).map(|cost| cost + 1);
                left = swapped.map_or(left, |cost| left.min(cost));
            }
            current.push(left);
            previous = Some(wanted);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_slips() {
        for (one, other, slips) in [
            ("avatar_id", "avatar_id", 0),
            ("avtar_id", "avatar_id", 1),
            ("avatar_idd", "avatar_id", 1),
            ("avatar-id", "avatar_id", 1),
            ("avatra_id", "avatar_id", 1),
            ("", "mode", 4),
            ("mode", "", 4),
            ("abcd", "badc", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one.as_bytes(), other.as_bytes()), slips, "{one} and {other}");
        }
    }
}
