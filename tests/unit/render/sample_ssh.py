"""SSH for the sample report, with hostile text in it."""

from imgkit.model.fact import Fact
from imgkit.model.ssh import (
    AuthorizedKey,
    KeyOption,
    KnownHosts,
    PrivateKey,
    PublicKey,
    Ssh,
    SshClientSetting,
    SshdSetting,
    TrustLine,
)

HOSTILE = "a\x1b[2Jb\u202ec\n\udcffd"
CONFIG = b"/etc/ssh/sshd_config"


def ssh() -> Ssh:
    return Ssh(
        authorized_keys=Fact.present((_key(("root",), read=True), _key((), read=False)), sources=()),
        server=Fact.present(
            (
                SshdSetting(path=CONFIG, line=1, name="PermitRootLogin", value="yes", holds=True),
                SshdSetting(path=CONFIG, line=3, name="PasswordAuthentication", value="yes", match="User eve"),
            ),
            sources=(),
        ),
        public_keys=Fact.present(
            (
                PublicKey(
                    path=b"/etc/ssh/ssh_host_rsa_key.pub",
                    line=1,
                    purpose="host",
                    type="ssh-rsa",
                    bits=3072,
                    fingerprint="SHA256:host",
                    comment=HOSTILE,
                ),
            ),
            sources=(),
        ),
        private_keys=Fact.present(
            (
                PrivateKey(
                    path=b"/root/.ssh/id_\xff",
                    users=("root",),
                    format="OpenSSH",
                    encrypted=False,
                    type="ssh-ed25519",
                    fingerprint="SHA256:mine",
                    mode="rw-------",
                    uid=0,
                ),
            ),
            remarks=("/root/.ssh/id: a private key, NOT encrypted",),
            sources=(),
        ),
        known_hosts=Fact.present(
            (
                KnownHosts(
                    path=b"/root/.ssh/known_hosts",
                    users=("root",),
                    entries=2,
                    hashed=1,
                    authorities=0,
                    revoked=0,
                    names=("db.example",),
                ),
            ),
            sources=(),
        ),
        clients=Fact.present(
            (SshClientSetting(path=b"/root/.ssh/config", line=2, scope="Host *", name="User", value=HOSTILE),),
            sources=(),
        ),
        trust=Fact.present((TrustLine(path=b"/root/.rhosts", line=1, text="+ +"),), sources=()),
    )


def _key(users: tuple[str, ...], *, read: bool) -> AuthorizedKey:
    return AuthorizedKey(
        path=b"/root/.ssh/authorized_keys",
        line=1,
        users=users,
        read=read,
        type="ssh-rsa",
        bits=3072,
        fingerprint="SHA256:abc",
        comment=HOSTILE,
        options=(KeyOption(name="command", value="/bin/x"), KeyOption(name="no-pty")),
    )
