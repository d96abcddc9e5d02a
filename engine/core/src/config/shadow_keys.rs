//! The keys of `[shadow]`.

use super::schema::Kind::{Number, OneOf, Text, Whole};
use super::schema::Need::{self, Optional, Required};
use super::schema::{Key, NAME, key};

pub(super) static SHADOW: &[Key] = &[
    key(
        "candidate",
        Text(&NAME),
        Required,
        r#""yolox-nano""#,
        "The model that is tried: a folder under `models/`.",
    ),
    key(
        "model",
        Text(&NAME),
        Optional,
        r#""street""#,
        "Name of the `[model.NAME]` whose place it may take; all cameras with that package are compared. \
         Not needed where there is one only.",
    ),
    key(
        "share",
        Number { min: 0.01, max: 1.0 },
        Need::Number(0.25),
        "0.5",
        "Part of the time of each camera in which both models look at the same frames.",
    ),
    key(
        "stretch_secs",
        Whole { min: 60, max: 86_400 },
        Need::Number(900.0),
        "1800",
        "Seconds that are compared in one piece; longer than any rule watches before it tells.",
    ),
    key(
        "promote",
        OneOf(&["ask", "auto"]),
        Need::Text("ask"),
        r#""auto""#,
        "Whether the box only says what the rule of promotion says, or also exchanges the models (or ends \
         the trial) by it.",
    ),
    key(
        "verdicts_min",
        Whole { min: 20, max: 1_000_000 },
        Need::Number(200.0),
        "400",
        "Operators' verdicts before anything is decided.",
    ),
    key(
        "confidence",
        Number { min: 0.8, max: 0.9999 },
        Need::Number(0.95),
        "0.99",
        "How sure a decision is to be, as a probability.",
    ),
    key(
        "precision_loss_max",
        Number { min: 0.0, max: 0.5 },
        Need::Number(0.05),
        "0.02",
        "The candidate's precision may be lower by so much; with 0 it must be higher.",
    ),
    key(
        "recall_min",
        Number { min: 0.0, max: 1.0 },
        Need::Number(0.9),
        "0.8",
        "The candidate must also tell this part of the incidents of the model at work that were confirmed.",
    ),
    key(
        "cost_max",
        Number { min: 0.1, max: 100.0 },
        Need::Number(2.0),
        "1.2",
        "The candidate may take so many times the processor time of a look.",
    ),
];
