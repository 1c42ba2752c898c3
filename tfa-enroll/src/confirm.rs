//! Shows a new key as QR code, link and text, and confirms it with a code. On any failure the pending
//! key is discarded.

use tfa_client::{Error, Failure};
use tfa_proto::{Error as Refusal, PendingAuthenticator};
use tfa_text::qr::Qr;
use zeroize::Zeroizing;

use crate::args::QrForm;
use crate::daemon::BackupCodes;
use crate::layout::{Layout, Pages};
use crate::messages;
use crate::new_file::NewFile;
use crate::picture::{png, svg};
use crate::proof::letters;
use crate::screen::Screen;
use crate::session::Session;

/// Wrong codes before the setup stops. The limit is only a convenience: the user can start again.
const MAX_TRIES: usize = 5;

/// Creates the file for the picture, if the user chose one, before the first question.
pub(crate) fn picture_file(qr: Option<&QrForm>) -> Result<Option<NewFile>, Failure> {
    match qr {
        Some(QrForm::Png(path) | QrForm::Svg(path)) => NewFile::create(path).map(Some),
        Some(QrForm::Utf8 | QrForm::Ascii | QrForm::None) | None => Ok(None),
    }
}

/// Shows the key and asks for codes until one is correct. Returns the backup codes of a first setup.
/// `cancelled` is the message for a user who cancels.
pub(crate) async fn confirm(
    session: &mut Session,
    pending: PendingAuthenticator,
    qr: Option<QrForm>,
    mut picture: Option<NewFile>,
    cancelled: &str,
) -> Result<BackupCodes, Failure> {
    let pending = Wiped(pending);
    let confirmed = match draw(&pending.0, qr.as_ref(), picture.as_mut()) {
        Ok(code) => ask(session, &pending.0, qr.as_ref(), code.as_ref(), cancelled).await,
        Err(failure) => Err(failure),
    };
    if confirmed.is_err() {
        session.daemon.abandon().await;
    }
    let codes = confirmed?;
    if let Some(picture) = picture {
        offer_deletion(session, picture).await?;
    }
    Ok(codes)
}

/// The QR code, which is also written to its file. `None` if the link is too long for one.
fn draw(
    pending: &PendingAuthenticator,
    form: Option<&QrForm>,
    picture: Option<&mut NewFile>,
) -> Result<Option<Qr>, Failure> {
    let code = Qr::new(&pending.uri);
    if let Some(file) = picture {
        let Some(code) = &code else {
            return Err(Failure::Refused(messages::NO_QR.to_owned()));
        };
        match form {
            Some(QrForm::Svg(_)) => file.write(svg(code).as_bytes())?,
            _ => file.write(&png(code))?,
        }
    }
    Ok(code)
}

async fn ask(
    session: &mut Session,
    pending: &PendingAuthenticator,
    form: Option<&QrForm>,
    code: Option<&Qr>,
    cancelled: &str,
) -> Result<BackupCodes, Failure> {
    let layout = Layout {
        pending,
        form,
        code,
        utf8: session.terminal.is_utf8(),
        styled: session.terminal.is_styled(),
    };
    let daemon = &session.daemon;
    let mut screen = Screen::new(
        &mut session.terminal,
        &mut session.interrupt,
        form != Some(&QrForm::None),
    );
    let cancelled = || Failure::Cancelled(cancelled.to_owned());
    let mut note = String::new();
    let mut tries = 0;
    let mut was_empty = false;
    let mut qr_page = true;
    let mut announced = false;
    loop {
        let pages = layout.pages(screen.size());
        if let (true, Pages::Two { drawing, .. }) = (qr_page, &pages) {
            if !announced && screen.ask(messages::BEFORE_QR).await?.is_none() {
                return Err(cancelled());
            }
            screen.page(drawing)?;
            if screen.ask(messages::AFTER_QR).await?.is_none() {
                return Err(cancelled());
            }
        }
        screen.page_with_note(pages.last(), &note)?;
        (qr_page, announced) = (false, true);
        let Some(line) = screen.ask(messages::ASK_NEW_CODE).await? else {
            return Err(cancelled());
        };
        match read(&line, pending.digits) {
            Typed::Nothing if was_empty => return Err(cancelled()),
            Typed::Nothing => {
                messages::EMPTY_CODE.clone_into(&mut note);
                was_empty = true;
                continue;
            }
            Typed::ShowQr => {
                qr_page = true;
                note.clear();
            }
            Typed::NotACode => note = messages::not_a_code(pending.digits),
            Typed::Code(typed) => match screen.during(daemon.confirm(&typed)).await {
                Some(Ok(codes)) => return Ok(codes),
                Some(Err(Error::Daemon(Refusal::WrongCode(text)))) => {
                    tries += 1;
                    if tries == MAX_TRIES {
                        return Err(Failure::Refused(messages::too_many_codes(&text)));
                    }
                    note = text;
                }
                Some(Err(error)) => return Err(error.into()),
                // Interrupted: the daemon may have accepted the code.
                None => return Err(Failure::NoAnswer),
            },
        }
        was_empty = false;
    }
}

/// The input where a code is expected.
enum Typed {
    Nothing,
    /// Show the QR code again.
    ShowQr,
    Code(Zeroizing<String>),
    NotACode,
}

/// Codes may contain spaces and dashes, as apps show them.
fn read(line: &str, digits: u32) -> Typed {
    if line.is_empty() {
        return Typed::Nothing;
    }
    if line.eq_ignore_ascii_case("qr") {
        return Typed::ShowQr;
    }
    let length = u32::try_from(letters(line).count()).unwrap_or(u32::MAX);
    if length == digits && letters(line).all(char::is_numeric) {
        Typed::Code(Zeroizing::new(letters(line).collect()))
    } else {
        Typed::NotACode
    }
}

/// Offers to delete the picture, which contains the key.
async fn offer_deletion(session: &mut Session, picture: NewFile) -> Result<(), Failure> {
    let path = picture.keep();
    let shown = path.display().to_string();
    if !session.agrees(&messages::delete_picture(&shown)).await? {
        session.print(&messages::picture_kept(&shown))?;
    } else if let Err(error) = std::fs::remove_file(&path) {
        session.print(&messages::picture_not_deleted(&shown, &error))?;
    }
    Ok(())
}

/// A new key that is wiped from memory when it is dropped.
struct Wiped(PendingAuthenticator);

impl Drop for Wiped {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.0.secret.zeroize();
        self.0.uri.zeroize();
    }
}
