//! The blocks of code of a Markdown text, each with what is to become of it.

/// A block that can be run, with the blocks after it that say what it takes and gives.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    /// Line of the opening fence, one-based.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) variables: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) shown: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Shell {
        in_shop: bool,
    },
    Query {
        code: Option<String>,
    },
    Schema {
        dialects: Vec<&'static str>,
        code: Option<String>,
    },
    Configuration {
        code: Option<String>,
    },
    Cases,
    File {
        name: String,
    },
}

/// What a fence says of its block.
enum Fence {
    Run(Kind),
    Variables,
    Answer,
    Shown,
}

/// Reads them; a block that nobody would run is an error.
pub(super) fn read(markdown: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let line = index + 1;
        let inside = lines.by_ref().map(|(_, line)| line);
        let inside = inside.take_while(|line| !line.trim_start().starts_with("```"));
        let text = inside.flat_map(|line| [line, "\n"]).collect();
        let fence = fence(info).ok_or_else(|| format!("line {line}: nobody runs ```{info}"))?;
        add(&mut blocks, line, fence, text).ok_or_else(|| {
            format!("line {line}: the block before ```{info} takes no such block")
        })?;
    }
    Ok(blocks)
}

fn add(blocks: &mut Vec<Block>, line: usize, fence: Fence, text: String) -> Option<()> {
    let slot = match fence {
        Fence::Run(kind) => {
            blocks.push(Block {
                line,
                kind,
                text,
                variables: None,
                answer: None,
                shown: None,
            });
            return Some(());
        }
        Fence::Variables => {
            let block = blocks.last_mut()?;
            matches!(block.kind, Kind::Query { .. }).then_some(&mut block.variables)?
        }
        Fence::Answer => {
            let block = blocks.last_mut()?;
            let answers = matches!(block.kind, Kind::Query { .. } | Kind::Shell { .. });
            answers.then_some(&mut block.answer)?
        }
        Fence::Shown => {
            let block = blocks.last_mut()?;
            let prints = !matches!(block.kind, Kind::Query { .. } | Kind::File { .. });
            prints.then_some(&mut block.shown)?
        }
    };
    slot.replace(text).is_none().then_some(())
}

fn fence(info: &str) -> Option<Fence> {
    let mut words: Vec<_> = info.split(' ').collect();
    if let ["sql" | "graphql" | "toml", file] = words.as_slice()
        && let Some(name) = file.strip_prefix("file=")
    {
        let name = name.to_owned();
        return Some(Fence::Run(Kind::File { name }));
    }
    let code = words.last().and_then(|word| word.strip_prefix("code="));
    let code = code.map(str::to_owned);
    if code.is_some() {
        words.pop();
    }
    let schema = |dialects: &[&'static str]| Kind::Schema {
        dialects: dialects.to_vec(),
        code: code.clone(),
    };
    Some(match (words.as_slice(), &code) {
        (["sh"], None) => Fence::Run(Kind::Shell { in_shop: false }),
        (["sh", "shop"], None) => Fence::Run(Kind::Shell { in_shop: true }),
        (["graphql"], _) => Fence::Run(Kind::Query { code }),
        (["graphql", "schema"], _) => Fence::Run(schema(&["sqlite", "postgres"])),
        (["graphql", "schema=sqlite"], _) => Fence::Run(schema(&["sqlite"])),
        (["graphql", "schema=postgres"], _) => Fence::Run(schema(&["postgres"])),
        (["toml"], _) => Fence::Run(Kind::Configuration { code }),
        (["toml", "policy"], None) => Fence::Run(Kind::Cases),
        (["json", "variables"], None) => Fence::Variables,
        (["json", "answer"], None) => Fence::Answer,
        (["text", "shown"], None) => Fence::Shown,
        _ => return None,
    })
}

#[test]
fn a_block_that_nobody_would_run_is_refused() {
    for info in [
        "",
        "text",
        "json",
        "python",
        "sh shop code=a.b",
        "graphql code",
        "toml x",
        "sh file=x",
    ] {
        assert!(read(&format!("a\n```{info}\nb\n```\n")).is_err(), "{info}");
    }
    for orphan in ["json variables", "json answer", "text shown"] {
        assert!(
            read(&format!("```{orphan}\n{{}}\n```\n")).is_err(),
            "{orphan}"
        );
    }
    let twice = "```graphql\na\n```\n```json answer\n1\n```\n```json answer\n2\n```\n";
    assert!(read(twice).is_err());
}

#[test]
fn a_block_has_its_variables_and_its_answer() {
    let text = "a\n```graphql code=a.b\n{\n  c\n}\n```\nd\n```json variables\n{}\n```\n```json answer\n1\n```\n";
    let block = Block {
        line: 2,
        kind: Kind::Query {
            code: Some("a.b".to_owned()),
        },
        text: "{\n  c\n}\n".to_owned(),
        variables: Some("{}\n".to_owned()),
        answer: Some("1\n".to_owned()),
        shown: None,
    };
    assert_eq!(read(text), Ok(vec![block]));
}
