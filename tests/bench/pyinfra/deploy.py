"""The job of ../site.sloth for pyinfra."""

from io import StringIO

from pyinfra.operations import apt, files, server, systemd

for i in range(5):
    files.directory(name=f"directory {i}", path=f"/opt/bench/d{i}", mode="755")
for i in range(10):
    files.put(name=f"file {i}", src=StringIO(f"key{i}=value{i}\n"), dest=f"/opt/bench/d{i % 5}/f{i}.conf", mode="644")
for i in range(5):
    files.template(name=f"template {i}", src="../templates/t.j2", dest=f"/opt/bench/t{i}.conf", mode="644", n=i)
for i in range(10):
    files.line(name=f"line {i}", path="/opt/bench/lines.conf", line=f"^opt{i}=.*", replace=f"opt{i}=on")
for i in range(5):
    server.shell(name=f"command {i}", commands=["/bin/true"])
server.user(name="user", user="bench", shell="/bin/sh")
apt.packages(name="packages", packages=["hello", "tree"])
systemd.service(name="service", service="cron", running=True, enabled=True)
