//! libjpeg-turbo, through its own small interface: three planes in, a JPEG out.

use std::ffi::{CStr, c_int, c_ulong};
use turbojpeg_sys as tj;
use viahe_core::frame::Plane;

const SUBSAMPLING: c_int = tj::TJSAMP_TJSAMP_420.cast_signed();

/// Three planes as the encoder takes them: sides rounded up to whole chroma samples.
pub(super) struct Planes<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Luma, Cb, Cr.
    pub(super) samples: [Plane<'a>; 3],
    /// Bytes written to make them.
    pub(super) moved: usize,
}

/// One compressor of the library, with room for what it writes.
pub(super) struct Compressor {
    handle: tj::tjhandle,
    out: Vec<u8>,
    /// So much of it is what was written last.
    written: usize,
}

#[expect(unsafe_code, reason = "calls into a C library; each says why it is sound")]
// SAFETY: a compressor is used by one thread at a time, and is bound to none.
unsafe impl Send for Compressor {}

#[expect(unsafe_code, reason = "calls into a C library; each says why it is sound")]
impl Compressor {
    /// # Errors
    /// When there is no memory for one.
    pub(super) fn new() -> Result<Self, String> {
        // SAFETY: takes nothing; null when there is no memory.
        let handle = unsafe { tj::tjInitCompress() };
        if handle.is_null() {
            return Err("no memory for an encoder".into());
        }
        Ok(Self { handle, out: Vec::new(), written: 0 })
    }

    /// # Errors
    /// What the library says, when it cannot.
    pub(super) fn encode(&mut self, planes: &Planes<'_>, quality: u8) -> Result<&[u8], String> {
        self.written = 0;
        let size = |px: usize| c_int::try_from(px).map_err(|e| e.to_string());
        let (width, height) = (size(planes.width)?, size(planes.height)?);
        let [columns, rows] = [planes.width.div_ceil(2), planes.height.div_ceil(2)];
        let sides = [[columns * 2, rows * 2], [columns, rows], [columns, rows]];
        for (plane, [columns, rows]) in planes.samples.iter().zip(sides) {
            if plane.stride < columns || plane.data.len() < plane.stride * (rows - 1) + columns {
                return Err("its planes are not whole".into());
            }
        }
        let [y, cb, cr] = planes.samples.map(|plane| size(plane.stride));
        let strides = [y?, cb?, cr?];
        let mut pointers = planes.samples.map(|plane| plane.data.as_ptr());
        // SAFETY: plain arithmetic.
        let most = unsafe { tj::tjBufSize(width, height, SUBSAMPLING) };
        let room = usize::try_from(most).map_err(|e| e.to_string())?;
        if self.out.len() < room {
            self.out = vec![0; room];
        }
        let (mut to, mut bytes): (*mut u8, c_ulong) = (self.out.as_mut_ptr(), most);
        // SAFETY: each plane has the sides that 4:2:0 of this size takes, rounded up to even, as
        // was checked; they are only read. `out` has room for the worst case, and with `NOREALLOC`
        // the library writes nowhere else.
        let failed = unsafe {
            tj::tjCompressFromYUVPlanes(
                self.handle,
                pointers.as_mut_ptr().cast(),
                width,
                strides.as_ptr().cast_mut(),
                height,
                SUBSAMPLING,
                &raw mut to,
                &raw mut bytes,
                c_int::from(quality),
                tj::TJFLAG_NOREALLOC.cast_signed(),
            )
        };
        if failed != 0 {
            // SAFETY: a text of the handle, which is still there.
            let why = unsafe { CStr::from_ptr(tj::tjGetErrorStr2(self.handle)) };
            return Err(why.to_string_lossy().into_owned());
        }
        let bytes = usize::try_from(bytes).unwrap_or_default();
        if bytes > self.out.len() {
            return Err("it wrote more than there is room".into());
        }
        self.written = bytes;
        Ok(self.latest())
    }

    /// What was written last; empty when that failed.
    pub(super) fn latest(&self) -> &[u8] {
        &self.out[..self.written]
    }
}

#[expect(unsafe_code, reason = "calls into a C library; each says why it is sound")]
impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: made by `new`, used nowhere else. It can only fail for a handle that is none.
        unsafe { tj::tjDestroy(self.handle) };
    }
}
