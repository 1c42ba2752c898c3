//! The machine's people, and the files an administrator writes.

use crate::machine::Machine;

impl Machine {
    /// Adds a user with a home, a bash and this password.
    pub fn add_user(&self, name: &str, password: &str) {
        self.succeed(["useradd", "--create-home", "--shell", "/bin/bash", name]);
        self.set_password(name, password);
    }

    /// Sets a user's password; root's too, which has none at first.
    pub fn set_password(&self, name: &str, password: &str) {
        self.command(["chpasswd"])
            .stdin(format!("{name}:{password}\n"))
            .succeed();
    }

    /// Puts a user into a group, which is made if there is none of that name.
    pub fn add_to_group(&self, user: &str, group: &str) {
        self.succeed(["groupadd", "--force", group]);
        self.succeed(["gpasswd", "--add", user, group]);
    }

    /// Writes a file, root's and readable by all, and the folders on the way to it.
    pub fn write_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        const WRITE: &str = r#"mkdir -p -- "$(dirname -- "$1")" && cat >"$1""#;
        self.command(["sh", "-c", WRITE, "sh", path])
            .stdin(content)
            .succeed();
    }

    /// A file's text.
    #[must_use]
    #[track_caller]
    pub fn read_file(&self, path: &str) -> String {
        self.succeed(["cat", "--", path])
    }

    /// Whether there is something at this path.
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        self.run(["test", "-e", path]).success()
    }
}
