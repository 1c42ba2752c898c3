//! A user of members of a fleet, whose uid the administrator tells: the name service of this host need not know the
//! user, and there is no record yet.

use tfa_store::ByUid;
use tfa_store::limits::NO_UID;

use super::told_uid::{Comparison, compared};
use super::{Accounts, Error, resolve, user_name};
use crate::host::time_limit::CallsFor;
use crate::host::users::{NameServiceFailed, User};
use crate::messages;

/// A user whom an administrator has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedUser {
    /// The user.
    pub user: User,
    /// Whether the name service of this host knows the user. `None` where it was not compared: the administrator has
    /// told no uid, or the record of the user has it.
    pub is_known: Option<bool>,
}

impl Accounts {
    /// The user of a name for whom an administrator makes a record, if there is none. `told` is the uid that the
    /// user has on members of the fleet. Without it this is [`Self::user`].
    ///
    /// # Errors
    /// As [`Self::user`]. With a uid: [`Error::NoSuchUser`] for a name or a uid that no user can have, and where this
    /// host is in no fleet; [`Error::UidChanged`] where a record or the name service says otherwise;
    /// [`Error::NameService`], [`Error::Store`], [`Error::Damaged`].
    pub fn named_user(&self, name: &str, told: Option<u32>) -> Result<NamedUser, Error> {
        match told {
            Some(uid) => self.told_user(name, uid),
            None => self.user_or_advice(name),
        }
    }

    /// The user of a name to whom a record is to go, with the uid that the administrator tells or the name service
    /// has. What records say does not count: one of them moves.
    pub(super) fn new_owner(&self, name: &str, told: Option<u32>) -> Result<User, Error> {
        match told {
            Some(uid) => Ok(self.compared(self.as_told(name, uid)?)?.user),
            None => self.advised(name, self.names.look_up(name).map_err(Error::from)),
        }
    }

    fn user_or_advice(&self, name: &str) -> Result<NamedUser, Error> {
        Ok(NamedUser {
            user: self.advised(name, self.user(name))?,
            is_known: None,
        })
    }

    /// The text for a user of a fleet who is unknown says that a uid helps.
    fn advised(&self, name: &str, user: Result<User, Error>) -> Result<User, Error> {
        user.map_err(|error| match error {
            Error::UnknownUser(_) if self.are_of_fleet() => {
                Error::UnknownUser(messages::unknown_in_fleet(name))
            }
            error => error,
        })
    }

    /// A user as the administrator tells, of a name and a uid that a user can have.
    fn as_told(&self, name: &str, uid: u32) -> Result<User, Error> {
        if !self.are_of_fleet() {
            let text = messages::uid_on_host_alone(name);
            return Err(Error::NoSuchUser(text));
        }
        if !user_name::is_possible(name) {
            return Err(Error::NoSuchUser(messages::not_a_user_name(name)));
        }
        if uid == NO_UID {
            return Err(Error::NoSuchUser(messages::not_a_uid(uid)));
        }
        Ok(User {
            name: name.to_owned(),
            uid,
            aliases: Vec::new(),
        })
    }

    fn told_user(&self, name: &str, uid: u32) -> Result<NamedUser, Error> {
        let of_members = self.as_told(name, uid)?;
        if self.has_record_of(&of_members)? {
            return Ok(NamedUser {
                user: of_members,
                is_known: None,
            });
        }
        let named = self.compared(of_members)?;
        self.must_have_no_other_record(&named.user)?;
        Ok(named)
    }

    /// Whether the record under the name of a user is one of this uid for certain: it refuses each other one.
    fn has_record_of(&self, user: &User) -> Result<bool, Error> {
        let User { name, uid, .. } = user;
        let Some((record, _)) = self.store.load(name)? else {
            return Ok(false);
        };
        let account = resolve::decode(&record, name)?;
        if !account.refuses_other_uids() {
            return Ok(false);
        }
        if account.uid() != *uid {
            let text = messages::record_has_other_uid(name, *uid, account.uid());
            return Err(Error::UidChanged(text));
        }
        Ok(true)
    }

    /// Compares a user of members with those of this host.
    fn compared(&self, of_members: User) -> Result<NamedUser, Error> {
        let User { name, uid, .. } = &of_members;
        let differs = |known| Error::UidChanged(messages::uid_differs_here(name, *uid, known));
        let compared = compared(&self.names, name, *uid, CallsFor::Administrators);
        let compared = compared.map_err(|NameServiceFailed(why)| {
            let text = messages::uid_not_compared(name, &why);
            Error::NameService(NameServiceFailed(text))
        });
        match compared? {
            Comparison::Neither => Ok(NamedUser {
                user: of_members,
                is_known: Some(false),
            }),
            Comparison::Same => {
                // Under the canonical name, as without a uid.
                let user = self.names.look_up(name)?;
                if user.uid != *uid {
                    return Err(differs(user.uid));
                }
                Ok(NamedUser {
                    user,
                    is_known: Some(true),
                })
            }
            Comparison::OtherUid(known) => Err(differs(known)),
            Comparison::OtherName(other) => {
                let text = messages::uid_is_of_other_here(name, *uid, &other);
                Err(Error::UidChanged(text))
            }
        }
    }

    /// Checks that no other name has a record of the uid that refuses other users.
    fn must_have_no_other_record(&self, user: &User) -> Result<(), Error> {
        let User { name, uid, .. } = user;
        match self.store.find(*uid)? {
            ByUid::Found(other, record, _) if other != *name => {
                let account = resolve::decode(&record, &other)?;
                if !account.refuses_other_uids() {
                    return Ok(());
                }
                let text = messages::uid_has_other_record(name, *uid, &other);
                Err(Error::UidChanged(text))
            }
            ByUid::Found(..) | ByUid::None | ByUid::Unknown(_) => Ok(()),
        }
    }
}
