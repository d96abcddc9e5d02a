//! The pool that decoders write pictures into, so that they need not be copied on the way out.
//!
//! libav keeps a picture mapped for writing as long as later ones refer to it. `GstVideoDecoder` wants
//! a buffer of its own for the timestamp, and memory that is mapped for writing cannot be in two
//! buffers: so each picture was copied, 3 MB at 1080p. Here a buffer's planes are mapped for reading
//! whatever is asked for. The decoder has its pointer and writes before the picture is out; from
//! then on both sides only read, which may be shared. A buffer whose memory is still shared when
//! libav is done with it does not come back to the pool (`GstBufferPool` sees that), so nobody
//! writes into a picture that is looked at.
//!
//! A place that comes back is kept for the next picture only while they come one after the other: so many free
//! ones as the decoder takes in turn. When decoding goes over to key frames all that later pictures referred to
//! comes back at once, and is given back to the system.
//!
//! Memory of this pool is marked; a copy is not. So the ledger can tell, for each picture.

use gstreamer as gst;
use gstreamer_video as gst_video;

use gst::glib;

glib::wrapper! {
    /// See the module.
    pub struct PicturePool(ObjectSubclass<imp::PicturePool>)
        @extends gst_video::VideoBufferPool, gst::BufferPool, gst::Object;
}

impl PicturePool {
    pub(super) fn new() -> Self {
        glib::Object::new()
    }
}

/// Is the picture where the decoder wrote it, in memory of a [`PicturePool`]?
#[expect(unsafe_code, reason = "the bindings drop flags that they do not know")]
pub(super) fn is_in_place(buffer: &gst::BufferRef) -> bool {
    buffer.n_memory() > 0
        && buffer.iter_memories().all(|memory| {
            // SAFETY: a reference to a memory is a valid pointer to one; its flags do not change.
            let flags = unsafe { (*memory.as_ptr()).mini_object.flags };
            flags & imp::MARK != 0
        })
}

#[expect(unsafe_code, reason = "a class of GStreamer is derived, and functions of a C struct set")]
mod imp {
    use super::{glib, gst, gst_video};
    use crate::clock;
    use gst::ffi::{GST_MAP_READ, GST_MAP_WRITE, GST_MEMORY_FLAG_LAST, GstMapFlags, GstMapInfo};
    use gst::subclass::prelude::*;
    use gst_video::ffi::GstVideoMeta;
    use std::ffi::{c_int, c_uint};
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
    use std::time::{Duration, Instant};

    /// Free places that are kept: a decoder takes one for a picture and gives one back for it, and a second may
    /// come back meanwhile from who looks.
    const FREE_MAX: usize = 2;
    /// With so long between two pictures a place is not worth keeping: 3 MB at 1080p, against a third of a
    /// millisecond to get them anew.
    const RARE: Duration = Duration::from_millis(300);

    /// Flags from `GST_MEMORY_FLAG_LAST` on are for users of memory.
    pub(super) const MARK: u32 = GST_MEMORY_FLAG_LAST << 3;

    type Map = unsafe extern "C" fn(
        *mut GstVideoMeta,
        c_uint,
        *mut GstMapInfo,
        *mut glib::ffi::gpointer,
        *mut c_int,
        GstMapFlags,
    ) -> glib::ffi::gboolean;

    /// How planes are mapped usually; one function for all buffers.
    static USUAL: OnceLock<Map> = OnceLock::new();

    #[derive(Default)]
    pub struct PicturePool(Mutex<Places>);

    /// How many places there are, and how often one is taken.
    #[derive(Default)]
    struct Places {
        all: usize,
        taken: usize,
        last: Option<Instant>,
        gap: Duration,
    }

    impl Places {
        fn take(&mut self, now: Instant) {
            self.taken += 1;
            self.gap = self.last.map_or(RARE, |last| now.saturating_duration_since(last));
            self.last = Some(now);
        }

        /// One comes back; is it kept?
        fn comes_back(&mut self) -> bool {
            self.taken = self.taken.saturating_sub(1);
            self.all - self.taken.min(self.all) <= FREE_MAX && self.gap < RARE
        }
    }

    impl PicturePool {
        fn places(&self) -> MutexGuard<'_, Places> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        #[cfg(test)]
        pub(super) fn count(&self) -> usize {
            self.places().all
        }

        /// So much time goes by.
        #[cfg(test)]
        pub(super) fn pass(&self, time: Duration) {
            let mut places = self.places();
            places.last = places.last.map(|last| last.checked_sub(time).unwrap());
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PicturePool {
        const NAME: &'static str = "ViahePicturePool";
        type Type = super::PicturePool;
        type ParentType = gst_video::VideoBufferPool;
    }

    // SAFETY: the class adds no virtual function to `GstBufferPool`'s, whose implementation of this
    // trait fills in ours; the provided functions call it.
    unsafe impl IsSubclassable<PicturePool> for gst_video::VideoBufferPool {}

    impl ObjectImpl for PicturePool {}
    impl GstObjectImpl for PicturePool {}

    impl BufferPoolImpl for PicturePool {
        /// Those of the class above, which this replaces.
        fn options() -> &'static [&'static str] {
            &["GstBufferPoolOptionVideoMeta", "GstBufferPoolOptionVideoAlignment"]
        }

        fn alloc_buffer(
            &self,
            params: Option<&gst::BufferPoolAcquireParams>,
        ) -> Result<gst::Buffer, gst::FlowError> {
            let mut buffer = self.parent_alloc_buffer(params)?;
            share(buffer.make_mut());
            self.places().all += 1;
            Ok(buffer)
        }

        fn free_buffer(&self, buffer: gst::Buffer) {
            self.parent_free_buffer(buffer);
            self.places().all -= 1;
        }

        fn acquire_buffer(
            &self,
            params: Option<&gst::BufferPoolAcquireParams>,
        ) -> Result<gst::Buffer, gst::FlowError> {
            let buffer = self.parent_acquire_buffer(params)?;
            self.places().take(clock::monotonic());
            Ok(buffer)
        }

        fn release_buffer(&self, mut buffer: gst::Buffer) {
            if !self.places().comes_back() {
                // The class above frees it as if its memory were not what it was.
                buffer.make_mut().set_flags(gst::BufferFlags::TAG_MEMORY);
            }
            self.parent_release_buffer(buffer);
        }
    }

    /// Marks the memory, and maps the planes for reading only from now on. Without a `VideoMeta`
    /// planes are mapped as ever, and the decoder copies.
    fn share(buffer: &mut gst::BufferRef) {
        for memory in buffer.iter_memories() {
            // SAFETY: a valid memory that was just made; no other thread knows it yet.
            unsafe { (*memory.as_ptr().cast_mut()).mini_object.flags |= MARK };
        }
        // SAFETY: a writable buffer is a valid pointer to one; the meta lives as long as it, and
        // is ours alone as the buffer is.
        unsafe {
            let Some(meta) =
                gst_video::ffi::gst_buffer_get_video_meta(buffer.as_mut_ptr()).as_mut()
            else {
                return;
            };
            if let Some(usual) = meta.map
                && *USUAL.get_or_init(|| usual) as usize == usual as usize
            {
                meta.map = Some(map_shared);
            }
        }
    }

    /// # Safety
    /// As the function that it stands for: GStreamer calls it for a meta of a buffer.
    unsafe extern "C" fn map_shared(
        meta: *mut GstVideoMeta,
        plane: c_uint,
        info: *mut GstMapInfo,
        data: *mut glib::ffi::gpointer,
        stride: *mut c_int,
        flags: GstMapFlags,
    ) -> glib::ffi::gboolean {
        let Some(usual) = USUAL.get() else { return glib::ffi::GFALSE };
        let flags = (flags & !GST_MAP_WRITE) | GST_MAP_READ;
        // SAFETY: passed on as it came. The memory is the system's, writable wherever it is
        // mapped; why nobody writes while others read is said at the top.
        unsafe { usual(meta, plane, info, data, stride, flags) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use gst::prelude::*;
    use gst::subclass::prelude::ObjectSubclassIsExt as _;
    use std::time::Duration;

    fn pool() -> PicturePool {
        crate::ingest::init().unwrap();
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 64, 48);
        let info = info.build().unwrap();
        let pool = PicturePool::new();
        let mut config = pool.config();
        config.set_params(Some(&info.to_caps().unwrap()), info.size() as u32, 0, 0);
        config.add_option("GstBufferPoolOptionVideoMeta");
        pool.set_config(config).unwrap();
        pool.set_active(true).unwrap();
        pool
    }

    /// All that was decoded is there at once; then one picture in two seconds.
    #[test]
    fn places_that_nobody_needs_are_given_back() {
        let pool = pool();
        let count = || pool.imp().count();
        let mut taken: Vec<_> = (0..6).map(|_| pool.acquire_buffer(None).unwrap()).collect();
        assert_eq!(count(), 6);
        for left in [6, 6, 5, 4, 3] {
            taken.pop();
            assert_eq!(count(), left);
        }
        // One after the other: they are taken in turn.
        for _ in 0..20 {
            taken.push(pool.acquire_buffer(None).unwrap());
            drop(taken.remove(0));
            assert_eq!(count(), 3);
        }
        pool.imp().pass(Duration::from_secs(2));
        let rare = pool.acquire_buffer(None).unwrap();
        assert_eq!(count(), 3, "a free one was taken");
        drop((rare, taken));
        assert_eq!(count(), 1, "that which was free then");
        pool.imp().pass(Duration::from_secs(2));
        drop(pool.acquire_buffer(None).unwrap());
        assert_eq!(count(), 0);
        pool.set_active(false).unwrap();
    }

    #[test]
    fn what_is_copied_is_known_and_what_is_shared_is_not_written_again() {
        let pool = pool();
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 64, 48);
        let info = info.build().unwrap();

        let buffer = pool.acquire_buffer(None).unwrap();
        let written = gst_video::VideoFrame::from_buffer_writable(buffer, &info).unwrap();
        let place = written.plane_data(0).unwrap().as_ptr();
        // As the decoder does: mapped, and given out with another timestamp.
        let out = written.buffer().to_owned();
        assert!(is_in_place(&out));
        let seen = gst_video::VideoFrame::from_buffer_readable(out.clone(), &info).unwrap();
        assert_eq!(seen.plane_data(0).unwrap().as_ptr(), place);
        assert!(!is_in_place(&out.copy_deep().unwrap()), "a copy is told from it");
        drop(out);
        // The decoder is done with it; we are not: another place is written next.
        drop(written);
        let next = pool.acquire_buffer(None).unwrap();
        let next = gst_video::VideoFrame::from_buffer_readable(next, &info).unwrap();
        assert_ne!(next.plane_data(0).unwrap().as_ptr(), place);
        drop(seen);
        pool.set_active(false).unwrap();
    }
}
