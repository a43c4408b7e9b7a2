//! What Tauri does not pass on of WebView2, the webview of Windows: keys of a browser off, and word of a
//! page whose process died. Its interface is COM, hence the `unsafe`; the shell has none.
//!
//! Not on other systems, where this is empty: WebKitGTK's signal can be reached without.

#![cfg(windows)]

use webview2_com::Microsoft::Web::WebView2::Win32::{
    COREWEBVIEW2_PROCESS_FAILED_KIND, COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED,
    COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED,
    COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE, ICoreWebView2Controller,
    ICoreWebView2Settings3,
};
use webview2_com::ProcessFailedEventHandler;
use windows_core::Interface;

pub use windows_core::Error;

/// What has happened to the processes behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The page's process ended, or does not answer; the page is being loaded again.
    Page,
    /// The process of the webview itself ended: the window stays empty until the program is started
    /// again.
    Webview,
    /// A process that WebView2 replaces by itself, with the number of its kind.
    Other(i32),
}

/// Switches a browser's own keys (F5, Ctrl+R, Ctrl+P, F3, zoom) and its menu off.
///
/// # Errors
/// When this WebView2 is too old to know the setting (before 1.0.864).
pub fn switch_browser_keys_off(controller: &ICoreWebView2Controller) -> Result<(), Error> {
    // SAFETY: called on the thread of the webview, which owns the controller; every interface is
    // reference-counted by its wrapper.
    unsafe {
        let settings = controller.CoreWebView2()?.Settings()?;
        settings.SetAreDefaultContextMenusEnabled(false)?;
        settings.SetIsZoomControlEnabled(false)?;
        settings.cast::<ICoreWebView2Settings3>()?.SetAreBrowserAcceleratorKeysEnabled(false)
    }
}

/// Loads the page again when its process ends, and tells of every process that does.
///
/// # Errors
/// When the webview takes no handler.
pub fn revive(
    controller: &ICoreWebView2Controller,
    tell: impl Fn(Failed) + 'static,
) -> Result<(), Error> {
    let handler = ProcessFailedEventHandler::create(Box::new(move |webview, what| {
        let mut kind = COREWEBVIEW2_PROCESS_FAILED_KIND::default();
        if let Some(what) = what {
            // SAFETY: `kind` outlives the call, which writes to it once.
            unsafe { what.ProcessFailedKind(&raw mut kind)? };
        }
        let failed = failed(kind);
        if let (Failed::Page, Some(webview)) = (failed, webview) {
            // SAFETY: the handler runs on the thread of the webview, which is still there.
            unsafe { webview.Reload()? };
        }
        tell(failed);
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: as above; `token` outlives the call. The handler is never taken off: it lives as long
    // as the webview, which holds it.
    unsafe { controller.CoreWebView2()?.add_ProcessFailed(&handler, &raw mut token) }
}

fn failed(kind: COREWEBVIEW2_PROCESS_FAILED_KIND) -> Failed {
    if kind == COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED {
        Failed::Webview
    } else if kind == COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED
        || kind == COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE
    {
        Failed::Page
    } else {
        Failed::Other(kind.0)
    }
}
