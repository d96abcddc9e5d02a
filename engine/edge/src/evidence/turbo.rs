//! libjpeg-turbo, through its own small interface: three planes in, a JPEG out.

use super::jpeg::Planes;
use std::ffi::{CStr, c_int, c_ulong};
use turbojpeg_sys as tj;

/// # Errors
/// What the library says, when it cannot.
#[expect(unsafe_code, reason = "calls into a C library; each says why it is sound")]
pub(super) fn encode(planes: &Planes, quality: u8) -> Result<Vec<u8>, String> {
    let [columns, rows] = planes.pairs();
    let size = |px: usize| c_int::try_from(px).map_err(|e| e.to_string());
    let (width, height) = (size(planes.width)?, size(planes.height)?);
    let strides = [size(columns * 2)?, size(columns)?, size(columns)?];
    let luma = columns * rows * 4;
    if planes.bytes.len() != luma + columns * rows * 2 {
        return Err("its planes are not whole".into());
    }
    let pointers =
        [&planes.bytes[..], &planes.bytes[luma..], &planes.bytes[luma + columns * rows..]];
    let mut pointers = pointers.map(<[u8]>::as_ptr);
    // SAFETY: takes nothing; null when there is no memory.
    let handle = unsafe { tj::tjInitCompress() };
    if handle.is_null() {
        return Err("no memory for an encoder".into());
    }
    let subsampling = tj::TJSAMP_TJSAMP_420.cast_signed();
    // SAFETY: plain arithmetic.
    let most = unsafe { tj::tjBufSize(width, height, subsampling) };
    let mut out = vec![0u8; usize::try_from(most).unwrap_or_default()];
    let (mut to, mut bytes): (*mut u8, c_ulong) = (out.as_mut_ptr(), most);
    // SAFETY: the planes have the sides that 4:2:0 of this size takes, rounded up to even, as was
    // checked; they are only read. `out` has room for the worst case, and with `NOREALLOC` the
    // library writes nowhere else.
    let failed = unsafe {
        tj::tjCompressFromYUVPlanes(
            handle,
            pointers.as_mut_ptr().cast(),
            width,
            strides.as_ptr().cast_mut(),
            height,
            subsampling,
            &raw mut to,
            &raw mut bytes,
            c_int::from(quality),
            tj::TJFLAG_NOREALLOC.cast_signed(),
        )
    };
    let why = (failed != 0).then(|| {
        // SAFETY: a text of the handle, which is still there.
        unsafe { CStr::from_ptr(tj::tjGetErrorStr2(handle)) }.to_string_lossy().into_owned()
    });
    // SAFETY: made above, used nowhere else. It can only fail for a handle that is none.
    unsafe { tj::tjDestroy(handle) };
    if let Some(why) = why {
        return Err(why);
    }
    out.truncate(usize::try_from(bytes).unwrap_or_default());
    Ok(out)
}
