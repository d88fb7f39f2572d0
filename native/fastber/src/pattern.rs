//! PATTERN: the regular expressions of X.680 annex A, matched in time linear in the text (all alternatives at once).

use std::iter::Peekable;
use std::str::Chars;

/// How large a pattern may become when its repetitions are written out, and how deep its groups may lie.
const MOST_STEPS: usize = 20_000;
const DEEPEST: usize = 100;

#[derive(Debug)]
enum Step {
    /// One character of these ranges, or of none of them.
    One(Vec<(char, char)>, bool),
    /// Both of these steps come next.
    Fork(usize, usize),
    Jump(usize),
    /// `\b`: here a word starts or ends.
    Boundary,
    End,
}

#[derive(Debug)]
pub struct Pattern {
    pub source: String,
    steps: Vec<Step>,
}

enum Node {
    One(Vec<(char, char)>, bool),
    Boundary,
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

impl Pattern {
    /// None: it is no pattern of annex A, one that names characters by references, or too large.
    pub fn new(source: &str) -> Option<Pattern> {
        let mut reader = Reader {
            left: source.chars().peekable(),
            depth: 0,
        };
        let node = reader.either()?;
        if reader.left.peek().is_some() {
            return None;
        }
        let mut pattern = Pattern {
            source: source.to_owned(),
            steps: Vec::new(),
        };
        pattern.write(&node)?;
        pattern.steps.push(Step::End);
        Some(pattern)
    }

    fn write(&mut self, node: &Node) -> Option<()> {
        if self.steps.len() > MOST_STEPS {
            return None;
        }
        match node {
            Node::One(ranges, negated) => self.steps.push(Step::One(ranges.clone(), *negated)),
            Node::Boundary => self.steps.push(Step::Boundary),
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.write(node))?,
            Node::Either(nodes) => {
                let mut jumps = Vec::new();
                for (index, node) in nodes.iter().enumerate() {
                    let fork = self.steps.len();
                    if index + 1 < nodes.len() {
                        self.steps.push(Step::Fork(fork + 1, 0));
                    }
                    self.write(node)?;
                    if index + 1 < nodes.len() {
                        jumps.push(self.steps.len());
                        self.steps.push(Step::Jump(0));
                        self.steps[fork] = Step::Fork(fork + 1, self.steps.len());
                    }
                }
                for jump in jumps {
                    self.steps[jump] = Step::Jump(self.steps.len());
                }
            }
            Node::Repeat(node, least, most) => {
                for _ in 0..*least {
                    self.write(node)?;
                }
                match most {
                    None => {
                        let fork = self.steps.len();
                        self.steps.push(Step::Jump(0));
                        self.write(node)?;
                        self.steps.push(Step::Jump(fork));
                        self.steps[fork] = Step::Fork(fork + 1, self.steps.len());
                    }
                    Some(most) => {
                        let mut forks = Vec::new();
                        for _ in *least..*most {
                            forks.push(self.steps.len());
                            self.steps.push(Step::Jump(0));
                            self.write(node)?;
                        }
                        for fork in forks {
                            self.steps[fork] = Step::Fork(fork + 1, self.steps.len());
                        }
                    }
                }
            }
        }
        (self.steps.len() <= MOST_STEPS).then_some(())
    }

    /// Does the whole text match?
    pub fn matches(&self, text: &str) -> bool {
        let mut now = Threads::new(self.steps.len());
        let mut next = Threads::new(self.steps.len());
        let mut before = None;
        let mut left = text.chars();
        let mut starts = vec![0];
        loop {
            let rest = left.clone().next();
            let boundary = before.is_some_and(is_word) != rest.is_some_and(is_word);
            self.follow(&mut now, &mut starts, boundary);
            let Some(character) = left.next() else {
                return now.at.iter().any(|&step| matches!(self.steps[step], Step::End));
            };
            for &step in &now.at {
                if let Step::One(ranges, negated) = &self.steps[step]
                    && ranges.iter().any(|(low, high)| (low..=high).contains(&&character)) != *negated
                {
                    starts.push(step + 1);
                }
            }
            if starts.is_empty() {
                return false;
            }
            now.clear();
            std::mem::swap(&mut now, &mut next);
            before = Some(character);
        }
    }

    /// Everything that can be reached from the starts without a character.
    fn follow(&self, threads: &mut Threads, starts: &mut Vec<usize>, boundary: bool) {
        while let Some(step) = starts.pop() {
            if !threads.add(step) {
                continue;
            }
            match self.steps[step] {
                Step::Fork(one, other) => starts.extend([one, other]),
                Step::Jump(to) => starts.push(to),
                Step::Boundary if boundary => starts.push(step + 1),
                _ => {}
            }
        }
    }
}

/// A set of steps, each once.
struct Threads {
    at: Vec<usize>,
    has: Vec<bool>,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Threads {
            at: Vec::new(),
            has: vec![false; steps],
        }
    }

    fn add(&mut self, step: usize) -> bool {
        let new = !std::mem::replace(&mut self.has[step], true);
        if new {
            self.at.push(step);
        }
        new
    }

    fn clear(&mut self) {
        for step in self.at.drain(..) {
            self.has[step] = false;
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

const DIGITS: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('a', 'z')];
/// `\n`: line feed, vertical tabulation, form feed, carriage return.
const NEW_LINE: &[(char, char)] = &[('\u{A}', '\u{D}')];
/// `\s`: white space, which new lines are as well.
const SPACE: &[(char, char)] = &[('\u{9}', '\u{D}'), (' ', ' '), ('\u{A0}', '\u{A0}')];

struct Reader<'t> {
    left: Peekable<Chars<'t>>,
    depth: usize,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        self.left.next_if_eq(&wanted).is_some()
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(Node::Either(branches))
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        loop {
            // a pattern may be written on several lines: a new line with the white space around it says nothing
            while self.left.next_if(|c| matches!(c, '\n' | '\r')).is_some() {}
            let Some(&character) = self.left.peek() else { break };
            if matches!(character, '|' | ')') {
                break;
            }
            let node = self.atom()?;
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = if self.eat('*') {
            (0, None)
        } else if self.eat('+') {
            (1, None)
        } else if self.eat('?') {
            (0, Some(1))
        } else if self.eat('#') {
            if !self.eat('(') {
                let count = self.left.next()?.to_digit(10)?;
                return Some(Node::Repeat(Box::new(node), count, Some(count)));
            }
            let least = self.number()?;
            let most = match self.eat(',') {
                true => self.number()?,
                false => least,
            };
            if !self.eat(')') {
                return None;
            }
            (least.unwrap_or(0), most)
        } else {
            return Some(node);
        };
        if most.is_some_and(|most| most < least) || least.max(most.unwrap_or(0)) as usize > MOST_STEPS {
            return None;
        }
        Some(Node::Repeat(Box::new(node), least, most))
    }

    /// None where it is no number that can be counted to; Some(None) where there is none.
    #[allow(clippy::option_option)]
    fn number(&mut self) -> Option<Option<u32>> {
        let mut number = None;
        while let Some(digit) = self.left.peek().and_then(|c| c.to_digit(10)) {
            self.left.next();
            number = Some(number.unwrap_or(0u32).checked_mul(10)?.checked_add(digit)?);
        }
        Some(number)
    }

    fn atom(&mut self) -> Option<Node> {
        match self.left.next()? {
            '.' => Some(Node::One(Vec::new(), true)),
            '(' => {
                let node = self.either()?;
                self.eat(')').then_some(node)
            }
            '[' => {
                let negated = self.eat('^');
                Some(Node::One(self.set()?, negated))
            }
            '\\' if self.eat('b') => Some(Node::Boundary),
            '\\' => Some(Node::One(self.escaped()?, false)),
            // `#`, `*`, `+` and `?` repeat nothing here
            '#' | '*' | '+' | '?' | '{' | '}' | ']' => None,
            character => Some(Node::One(vec![(character, character)], false)),
        }
    }

    /// Behind a `[`, to its `]`.
    fn set(&mut self) -> Option<Vec<(char, char)>> {
        let mut ranges = Vec::new();
        loop {
            let low = match self.left.next()? {
                ']' if !ranges.is_empty() => return Some(ranges),
                '\\' => {
                    let escaped = self.escaped()?;
                    match escaped[..] {
                        [(low, high)] if low == high => low,
                        _ => {
                            ranges.extend(escaped);
                            continue;
                        }
                    }
                }
                character => character,
            };
            if !self.eat('-') {
                ranges.push((low, low));
            } else if self.left.peek() == Some(&']') {
                ranges.extend([(low, low), ('-', '-')]);
            } else {
                let high = match self.left.next()? {
                    '\\' => match self.escaped()?[..] {
                        [(low, high)] if low == high => low,
                        _ => return None,
                    },
                    character => character,
                };
                ranges.push((low, high));
            }
        }
    }

    /// Behind a `\`.
    fn escaped(&mut self) -> Option<Vec<(char, char)>> {
        Some(match self.left.next()? {
            'd' => DIGITS.to_vec(),
            'w' => WORD.to_vec(),
            't' => vec![('\t', '\t')],
            'n' => NEW_LINE.to_vec(),
            'r' => vec![('\r', '\r')],
            's' => SPACE.to_vec(),
            // characters by name or by number of ISO/IEC 10646, through references to values
            c if c.is_ascii_alphanumeric() => return None,
            c => vec![(c, c)],
        })
    }
}
