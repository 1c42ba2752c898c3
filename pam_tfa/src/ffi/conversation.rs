//! The conversation function of the login program: pam_conv(3).

use std::ffi::CStr;
use std::{ptr, slice};

use libc::{c_int, c_void};
use pam_sys::{
    PamConversation, PamItemType, PamMessage, PamMessageStyle, PamResponse, PamReturnCode, raw,
};
use zeroize::{Zeroize, Zeroizing};

use super::answer::Answer;
use super::c_string;
use super::handle::Handle;

/// The login program has no conversation function, or it failed.
#[derive(Debug)]
pub(crate) struct ConversationFailed;

impl Handle {
    /// Passes one message to the conversation function. Returns the answer, which a message without a
    /// question does not have.
    ///
    /// # Errors
    /// There is no conversation function, or it failed.
    pub(crate) fn converse(
        &self,
        style: PamMessageStyle,
        text: &CStr,
    ) -> Result<Option<Answer>, ConversationFailed> {
        let mut item: *const c_void = ptr::null();
        // SAFETY: the handle is live, and `item` is a place for a pointer.
        let code =
            unsafe { raw::pam_get_item(self.as_ptr(), PamItemType::CONV as c_int, &raw mut item) };
        if code != PamReturnCode::SUCCESS as c_int {
            return Err(ConversationFailed);
        }
        // SAFETY: this item is null or a conversation, which libpam keeps as long as the handle.
        let conversation = unsafe { item.cast::<PamConversation>().as_ref() };
        let (converse, program) = conversation
            .and_then(|conversation| Some((conversation.conv?, conversation.data_ptr)))
            .ok_or(ConversationFailed)?;

        let mut message = PamMessage {
            msg_style: style as c_int,
            msg: text.as_ptr(),
        };
        let mut messages: *mut PamMessage = &raw mut message;
        let mut responses: *mut PamResponse = ptr::null_mut();
        let code = converse(1, &raw mut messages, &raw mut responses, program);
        if code != PamReturnCode::SUCCESS as c_int {
            // The responses are undefined after a failure, so they are not freed.
            return Err(ConversationFailed);
        }
        // SAFETY: after success the responses are null or one from malloc, which the caller frees.
        Ok(unsafe { take_answer(responses) })
    }
}

/// Copies the answer, wipes the program's copy, and frees the response.
///
/// # Safety
/// `response` is null, or one response from malloc whose text is null or a C string from malloc. It is
/// not used after.
unsafe fn take_answer(response: *mut PamResponse) -> Option<Answer> {
    // SAFETY: null or a response, by this function's contract.
    let text = unsafe { response.as_ref() }?.resp;
    // SAFETY: null or a C string, by this function's contract.
    let answer = unsafe { c_string::copy(text) }.map(|text| Zeroizing::new(text.into_bytes()));
    if let Some(answer) = &answer {
        // SAFETY: the text is as long as its copy, and has no other owner.
        unsafe { slice::from_raw_parts_mut(text.cast::<u8>(), answer.len()) }.zeroize();
    }
    // SAFETY: from malloc, by this function's contract, and not used after.
    unsafe {
        libc::free(text.cast());
        libc::free(response.cast());
    }
    answer
}
