//! The stories behind `fixtures/scenarios`: who does what when, and what must come of it.
//!
//! A name is `ENTRY-pos-…` (an incident must come), `ENTRY-near-…` (almost one) or `ENTRY-trap-…`
//! (what looks like one). Times are those of the story: nothing here is taken from the engine.

mod camera;
pub(crate) mod everyday;
mod hours;
mod junction;
mod litter;
mod own;
mod parking;
mod people;
mod riding;
mod sidewalk;
mod stalls;
mod view;
mod weather;

use crate::street::Street;
use viahe_core::engine::Event;

/// An incident that must come.
#[derive(Clone)]
pub(crate) struct Incident {
    pub(crate) rule: &'static str,
    pub(crate) first: Option<f32>,
    pub(crate) opened: f32,
    pub(crate) closed: Option<f32>,
    pub(crate) within: f32,
    /// Of a rule that needs no camera.
    pub(crate) at_the_site: bool,
}

/// One that opens then.
pub(crate) fn incident(rule: &'static str, opened: f32) -> Incident {
    Incident { rule, first: None, opened, closed: None, within: 2.0, at_the_site: false }
}

impl Incident {
    pub(crate) fn first(self, secs: f32) -> Self {
        Self { first: Some(secs), ..self }
    }

    /// Without it, it is still open at the end.
    pub(crate) fn closed(self, secs: f32) -> Self {
        Self { closed: Some(secs), ..self }
    }

    pub(crate) fn at_the_site(self) -> Self {
        Self { at_the_site: true, ..self }
    }

    pub(crate) fn within(self, secs: f32) -> Self {
        Self { within: secs, ..self }
    }
}

pub(crate) struct Story {
    /// Its pipeline.
    pub(crate) theme: &'static str,
    pub(crate) name: String,
    pub(crate) camera: &'static str,
    pub(crate) seed: u64,
    pub(crate) street: Street,
    pub(crate) events: Vec<Event>,
    pub(crate) expect: Vec<Incident>,
}

/// The stories of one theme, as they are told.
pub(crate) struct Book {
    theme: &'static str,
    /// Added to the seed of each story.
    seed: u64,
    stories: Vec<Story>,
}

impl Book {
    fn new(theme: &'static str, seed: u64) -> Self {
        Self { theme, seed, stories: Vec::new() }
    }

    /// The seed follows from the place in the book.
    fn tell(&mut self, name: &str, street: Street, expect: impl IntoIterator<Item = Incident>) {
        let seed = self.seed + self.stories.len() as u64 + 1;
        let street = street.seed(seed);
        self.stories.push(Story {
            theme: self.theme,
            name: name.to_owned(),
            camera: street.camera,
            seed,
            events: street.events(),
            street,
            expect: expect.into_iter().collect(),
        });
    }

    fn none(&mut self, name: &str, street: Street) {
        self.tell(name, street, []);
    }
}

/// All of them, by theme; another `seed` makes the detector err otherwise.
pub(crate) fn all(seed: u64) -> Vec<Story> {
    let books = [
        parking::book(seed),
        junction::book(seed),
        sidewalk::book(seed),
        stalls::book(seed),
        people::book(seed),
        litter::book(seed),
        riding::book(seed),
        camera::book(seed),
        hours::book(seed),
        everyday::book(seed),
        weather::book(seed),
        view::book(seed),
        own::book(seed),
    ];
    books.into_iter().flat_map(|book| book.stories).collect()
}
