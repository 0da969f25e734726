"""A system that has a password in every place where people put one."""

import json

PASSWORD = "s3cr3t-Pa55w0rd"
_URL = f"https://bob:{PASSWORD}@proxy.example:3128/x"
_LONG = "x" * 170  # the password then lies across the place where a remark is cut

FULL_OF_SECRETS = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "/etc/environment": f"http_proxy={_URL}\n",
    "/etc/profile.d/proxy.sh": f"export http_proxy={_URL}\n",
    "/etc/apt/sources.list": f"deb {_URL} stable main\n",
    "/etc/apt/sources.list.d/x.sources": f"Types: deb\nURIs: {_URL}\nSuites: s\nSigned-By: {_URL}\n",
    "/etc/apt/apt.conf.d/99x": f'DPkg::Post-Invoke {{"curl {_URL}";}};\n',
    "/etc/yum.repos.d/a.repo": f"[a]\nbaseurl={_URL}\ngpgkey={_URL}\nmirrorlist=https://h/x?token={PASSWORD}&ok=1\n",
    "/etc/apk/repositories": f"{_URL}\n@edge {_URL}\n",
    "/etc/zypp/repos.d/x.repo": f"[o]\nbaseurl={_URL}\n",
    "/etc/fstab": f"{_URL} /a davfs uri={_URL} 0 0\n//bob:{PASSWORD}@h/b /b cifs username=bob%{PASSWORD} 0 0\n",
    "/etc/crypttab": f"x {_URL} none keyscript={_URL}\n",
    "/etc/crontab": f"* * * * * root {_LONG} curl {_URL}\nX={_URL}\n@reboot root wget {_URL} | sh\n",
    "/etc/systemd/system/a.service": f"[Service]\nEnvironment=P={_URL}\nExecStart=/tmp/{_LONG} {_URL}\n",
    "/etc/systemd/system/m.mount": f"[Mount]\nWhat={_URL}\nWhere=/m\nOptions=uri={_URL}\n",
    "/etc/docker/daemon.json": json.dumps({"proxies": {"http-proxy": _URL}, "registry-mirrors": [_URL]}),
    "/var/lib/docker/containers/abc/config.v2.json": json.dumps(
        {"ID": "abc", "Name": "/x", "Config": {"Env": [f"P={_URL}"], "Cmd": ["curl", _URL], "Image": "x"}}
    ),
    "/etc/sudoers": f"root ALL=(ALL) ALL\nbob ALL=(root) NOPASSWD: /usr/bin/curl {_URL}\n",
    "/etc/cloud/cloud.cfg": f"apt:\n  http_proxy: {_URL}\ndatasource_list: [{_URL}]\n",
    "/etc/ssh/ssh_config": f"Host x\n ProxyCommand curl {_URL}\n",
    "/root/.ssh/authorized_keys": f'command="curl {_URL}" ssh-ed25519 AAAA comment\n',
    "/root/.bashrc": f"export P={_URL}\n",
    "/etc/redis/redis.conf": f"rename-command CONFIG {PASSWORD}\nrequirepass {PASSWORD}\nmasterauth {PASSWORD}\n",
    "/etc/postgresql/1/m/postgresql.conf": f"archive_command = 'curl {_URL}'\n",
    "/etc/php.ini": f"[PHP]\nsession.save_path=tcp://h:6379?auth={PASSWORD}\n",
    "/etc/hosts.allow": f"ALL: ALL: spawn curl {_URL}\n",
    "/etc/iptables/rules.v4": f"-A INPUT -m comment --comment {_URL}\n",
    "/etc/udev/rules.d/a.rules": f'RUN+="/tmp/x {_URL}"\n',
    "/etc/pam.d/x": f"auth required pam_exec.so {_LONG} {_URL}\n",
    "/etc/rc.local": f"{_LONG} curl {_URL} | sh\n",
    "/etc/network/interfaces": f"iface eth0 inet static\n up curl {_URL}\n",
    "/boot/grub/grub.cfg": f"menuentry 'x' {{\n linux /vmlinuz root=/dev/sda1 proxy={_URL}\n}}\n",
}
