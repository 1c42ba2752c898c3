//! A new key on its way to the phone: shown as QR code, link and text, and proved by a code.
//! Whatever goes wrong, the offer is withdrawn.

use tfa_client::Failure;
use tfa_proto::{Error, Offer};
use tfa_text::qr::Qr;
use zeroize::Zeroizing;

use crate::args::QrForm;
use crate::daemon::BackupCodes;
use crate::layout::{Layout, Pages};
use crate::new_file::NewFile;
use crate::picture::{png, svg};
use crate::proof::letters;
use crate::screen::Screen;
use crate::session::Session;
use crate::texts;

/// Wrong codes that are taken before the set-up stops. Nothing depends on the number: an offer can
/// be made anew at once.
const TRIES: usize = 5;

/// Makes the file for the picture, if one was asked for, before anything else is asked or begun.
pub(crate) fn picture_file(qr: Option<&QrForm>) -> Result<Option<NewFile>, Failure> {
    match qr {
        Some(QrForm::Png(path) | QrForm::Svg(path)) => NewFile::create(path).map(Some),
        Some(QrForm::Utf8 | QrForm::Ascii | QrForm::None) | None => Ok(None),
    }
}

/// Shows the offer and asks for codes until one is right. Returns what the daemon gave for it.
/// `cancelled` is what to tell whoever gives up.
pub(crate) async fn prove(
    session: &mut Session,
    offer: Offer,
    qr: Option<QrForm>,
    mut picture: Option<NewFile>,
    cancelled: &str,
) -> Result<BackupCodes, Failure> {
    let offer = Wiped(offer);
    let proved = match draw(&offer.0, qr.as_ref(), picture.as_mut()) {
        Ok(code) => ask(session, &offer.0, qr.as_ref(), code.as_ref(), cancelled).await,
        Err(failure) => Err(failure),
    };
    if proved.is_err() {
        session.daemon.abandon().await;
    }
    let codes = proved?;
    if let Some(picture) = picture {
        dispose(session, picture).await?;
    }
    Ok(codes)
}

/// The QR code, also into its file. `None` where the link is too long for any.
fn draw(
    offer: &Offer,
    form: Option<&QrForm>,
    picture: Option<&mut NewFile>,
) -> Result<Option<Qr>, Failure> {
    let code = Qr::new(&offer.uri);
    if let Some(file) = picture {
        let Some(code) = &code else {
            return Err(Failure::Refused(texts::NO_QR.to_owned()));
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
    offer: &Offer,
    form: Option<&QrForm>,
    code: Option<&Qr>,
    cancelled: &str,
) -> Result<BackupCodes, Failure> {
    let layout = Layout {
        offer,
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
    let mut slipped = false;
    let mut qr_page = true;
    let mut announced = false;
    loop {
        let pages = layout.pages(screen.size());
        if let (true, Pages::Two { drawing, .. }) = (qr_page, &pages) {
            if !announced && screen.ask(texts::BEFORE_QR).await?.is_none() {
                return Err(cancelled());
            }
            screen.page(drawing)?;
            if screen.ask(texts::AFTER_QR).await?.is_none() {
                return Err(cancelled());
            }
        }
        screen.page_with_note(pages.last(), &note)?;
        (qr_page, announced) = (false, true);
        let Some(line) = screen.ask(texts::ASK_NEW_CODE).await? else {
            return Err(cancelled());
        };
        match read(&line, offer.digits) {
            Typed::Nothing if slipped => return Err(cancelled()),
            Typed::Nothing => {
                texts::EMPTY.clone_into(&mut note);
                slipped = true;
                continue;
            }
            Typed::Again => {
                qr_page = true;
                note.clear();
            }
            Typed::NoCode => note = texts::not_a_code(offer.digits),
            Typed::Code(typed) => match screen.during(daemon.confirm(&typed)).await {
                Some(Ok(codes)) => return Ok(codes),
                Some(Err(Error::WrongCode(text))) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(Failure::Refused(texts::too_many_codes(&text)));
                    }
                    note = text;
                }
                Some(Err(error)) => return Err(error.into()),
                // Cut short: the code may have been taken all the same.
                None => return Err(Failure::NoAnswer),
            },
        }
        slipped = false;
    }
}

/// What was typed where a code is expected.
enum Typed {
    Nothing,
    /// The QR code once more.
    Again,
    Code(Zeroizing<String>),
    NoCode,
}

/// Codes are read with the blanks and dashes that apps and people put into them.
fn read(line: &str, digits: u32) -> Typed {
    if line.is_empty() {
        return Typed::Nothing;
    }
    if line.eq_ignore_ascii_case("qr") {
        return Typed::Again;
    }
    let length = u32::try_from(letters(line).count()).unwrap_or(u32::MAX);
    if length == digits && letters(line).all(char::is_numeric) {
        Typed::Code(Zeroizing::new(letters(line).collect()))
    } else {
        Typed::NoCode
    }
}

/// The picture holds the key and has done its work.
async fn dispose(session: &mut Session, picture: NewFile) -> Result<(), Failure> {
    let path = picture.keep();
    let shown = path.display().to_string();
    if !session.agrees(&texts::delete_picture(&shown)).await? {
        session.say(&texts::picture_stays(&shown))?;
    } else if let Err(error) = std::fs::remove_file(&path) {
        session.say(&texts::picture_not_deleted(&shown, &error))?;
    }
    Ok(())
}

/// An offer whose key does not outlive it in memory.
struct Wiped(Offer);

impl Drop for Wiped {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.0.secret.zeroize();
        self.0.uri.zeroize();
    }
}
