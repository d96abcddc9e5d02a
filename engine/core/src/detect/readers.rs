//! Each head's reader.

use super::candidate::Scale;
use super::centernet::Centernet;
use super::detr::Detr;
use super::grid::cells;
use super::head::Reads;
use super::nanodet::Nanodet;
use super::nothing::Nothing;
use super::numbered::{Efficientdet, Yolov10};
use super::shape::scale_of;
use super::ssd::Ssd;
use super::yolov5::Yolov5;
use super::yolov8::Yolov8;
use super::yolox::Yolox;
use crate::model::{Activation, CellPoint, Head, Model};
use std::sync::Arc;

/// How the model's head is read, at its own size.
pub(super) fn reads(model: &Model) -> Arc<dyn Reads> {
    let size = model.input.size();
    let input_px = size.map(|side| side as f32);
    match &model.head {
        Head::Ssd { classes, .. } => Arc::new(Ssd { classes: *classes, input_px }),
        Head::Yolox { classes, strides, .. } => {
            Arc::new(Yolox { classes: *classes, cells: cells(size, strides) })
        }
        Head::Nanodet { classes, strides, bins, point, .. } => Arc::new(Nanodet {
            classes: *classes,
            bins: *bins,
            cells: cells(size, strides),
            point: match point {
                CellPoint::Corner => 0.0,
                CellPoint::Middle => 0.5,
            },
        }),
        Head::Yolov5 { classes, unit, .. } => {
            Arc::new(Yolov5 { classes: *classes, scale: scale_of(*unit, input_px) })
        }
        Head::Yolov8 { candidates, unit, .. } => {
            Arc::new(Yolov8 { candidates: *candidates, scale: scale_of(*unit, input_px) })
        }
        Head::Yolov10 { classes, unit, .. } => {
            Arc::new(Yolov10 { classes: *classes, scale: scale_of(*unit, input_px) })
        }
        Head::Detr { classes, activation, .. } => {
            Arc::new(Detr { classes: *classes, activation: *activation, input_px })
        }
        Head::Centernet { activation, stride, cells, .. } => Arc::new(Centernet {
            scale: match activation {
                Activation::Sigmoid => Scale::Logits,
                Activation::None | Activation::Softmax => Scale::Probabilities,
            },
            cells: *cells,
            stride: *stride as f32,
        }),
        Head::Efficientdet { classes, unit, .. } => {
            Arc::new(Efficientdet { classes: *classes, scale: scale_of(*unit, input_px) })
        }
        Head::Classifier { .. } => Arc::new(Nothing),
    }
}
