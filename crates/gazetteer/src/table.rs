//! Tables as people edit them: CSV with a heading, remarks after `#`, quoted cells.

/// A row with the line it stands on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
}

/// The rows of a table but its heading. Quoted cells may hold commas and doubled quotes (RFC 4180,
/// without line breaks).
pub(crate) fn rows(csv: &str) -> impl Iterator<Item = Row> + '_ {
    csv.trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .skip(1)
        .map(|(n, line)| (n + 1, line.trim_end()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| Row { line, cells: cells(text) })
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let (mut cell, mut quoted) = (String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_and_empty_lines_are_no_rows_and_lines_are_counted_from_the_heading() {
        let csv =
            "\u{feff}nama,unit\r\n# remark\r\n\r\n\"Mal, besar\",\"a \"\"b\"\"\"\r\nx, y \r\n";
        let found: Vec<Row> = rows(csv).collect();
        assert_eq!(found[0], Row { line: 4, cells: vec!["Mal, besar".into(), "a \"b\"".into()] });
        assert_eq!(found[1], Row { line: 5, cells: vec!["x".into(), "y".into()] });
        assert_eq!(found.len(), 2);
    }
}
