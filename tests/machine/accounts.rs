//! The users of a machine, and the files that an administrator writes.

use crate::machine::Machine;

impl Machine {
    /// Adds a user with a home directory, bash and this password.
    pub fn add_user(&self, name: &str, password: &str) {
        self.succeed(["useradd", "--create-home", "--shell", "/bin/bash", name]);
        self.set_password(name, password);
    }

    /// Sets a user's password. A new machine has none for root.
    pub fn set_password(&self, name: &str, password: &str) {
        self.command(["chpasswd"])
            .stdin(format!("{name}:{password}\n"))
            .succeed();
    }

    /// Adds a user to a group, which is created if it does not exist.
    pub fn add_to_group(&self, user: &str, group: &str) {
        self.succeed(["groupadd", "--force", group]);
        self.succeed(["gpasswd", "--add", user, group]);
    }

    /// Writes a file that is owned by root and readable by all. Creates its parent directories.
    pub fn write_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        const WRITE: &str = r#"mkdir -p -- "$(dirname -- "$1")" && cat >"$1""#;
        self.command(["sh", "-c", WRITE, "sh", path])
            .stdin(content)
            .succeed();
    }

    /// Returns the text of a file.
    #[must_use]
    #[track_caller]
    pub fn read_file(&self, path: &str) -> String {
        self.succeed(["cat", "--", path])
    }

    /// Whether a file exists at this path.
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        self.run(["test", "-e", path]).success()
    }
}
