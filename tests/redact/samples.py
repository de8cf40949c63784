# SPDX-License-Identifier: BSD-2-Clause
"""Command lines with secrets in them, and such (harmless.txt) that only look like it.

Everything is drawn from a seeded generator: no real secret is here, and each run has the same ones.
"""

import base64
import os
import random
import shlex
import string

ALNUM = string.ascii_letters + string.digits
DIGITS = '0123456789'
HEX = '0123456789abcdef'
URLSAFE = ALNUM + '-_'
BASE64 = ALNUM + '+/'


class Draw:
    """Random strings of the shapes that secrets have."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, alphabet, n):
        return ''.join(self.random.choice(alphabet) for _ in range(n))

    def alnum(self, n):
        return self.of(ALNUM, n)

    def hex(self, n):
        return self.of(HEX, n)

    def password(self):
        """What people and password managers choose; no character that would end a word."""
        kind = self.random.randrange(4)
        if kind == 0:
            return self.of(ALNUM, 12) + self.of('!%^*_-+.', 2) + self.of(ALNUM, 4)
        if kind == 1:
            words = ('correct', 'horse', 'battery', 'staple', 'winter', 'tiger', 'Moscow', 'coffee')
            return ''.join(self.random.choice(words).title() for _ in range(3)) + self.of(DIGITS, 4)
        if kind == 2:
            return self.of(string.ascii_lowercase, 9) + self.of(DIGITS, 3)
        return self.of(ALNUM + '@#%^+=_-.', 20)

    def jwt(self):
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip('=')
        return f'{head}.{self.of(URLSAFE, 60)}.{self.of(URLSAFE, 43)}'

    def pem(self):
        lines = '\n'.join(self.of(BASE64, 64) for _ in range(5))
        return f'-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----\n'

    def basic(self):
        return base64.b64encode(f'deploy:{self.password()}'.encode()).decode()


NAMES = ('password', 'passwd', 'passphrase', 'db-password', 'token', 'api-key', 'api_key', 'apikey',
         'client-secret', 'secret', 'auth-token', 'access-token', 'secret-key', 'private-key',
         'credentials', 'rootPassword', 'adminPwd', 'registry-token', 'encryption-key')
VARIABLES = ('PGPASSWORD', 'MYSQL_PWD', 'DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN',
             'API_KEY', 'SECRET_KEY', 'SENTRY_DSN_SECRET', 'RESTIC_PASSWORD', 'VAULT_TOKEN',
             'NPM_TOKEN', 'DJANGO_SECRET_KEY', 'REDIS_PASSWORD', 'SMTP_PASS')
SCHEMES = ('postgres', 'postgresql', 'mysql', 'mongodb', 'mongodb+srv', 'redis', 'rediss', 'amqp',
           'https', 'http', 'ftp', 'ssh', 'ldap', 'smb')


def named(draw):
    for name in NAMES:
        value = draw.password()
        yield ['/usr/bin/app', '--verbose', f'--{name}', value, '--port', '80'], value
        value = draw.password()
        yield ['app', f'--{name}={value}', 'run'], value
    for name in VARIABLES:
        value = draw.password()
        yield ['env', f'{name}={value}', 'HOME=/root', 'app'], value
        value = draw.password()
        yield ['sh', '-c', f'cd /srv && {name}={value} ./run --now'], value
        value = draw.password()
        yield ['bash', '-lc', f'export {name}="{value}"; exec app'], value
    for name in ('password', 'apiKey', 'access_token', 'clientSecret', 'passphrase'):
        value = draw.password()
        body = '{"user": "me", "%s": "%s", "id": 7}' % (name, value)
        yield ['curl', '-d', body, 'http://h/'], value
        value = draw.password()
        body = '{\\"%s\\":\\"%s\\"}' % (name, value)
        yield ['sh', '-c', f'curl -d "{body}" http://h/'], value
        value = draw.password()
        yield ['app', f'-D{name}={value}', '-jar', 'x.jar'], value
        value = draw.password()
        yield ['app', '--set', f'db.{name}={value},db.host=h'], value
    for name in ('Password', 'Pwd', 'AccountKey', 'SharedAccessKey'):
        value = draw.of(ALNUM, 20)
        yield ['dotnet', 'x.dll', f'Server=h;User=me;{name}={value};Database=d'], value
    value = draw.password()
    yield ['psql', '-c', f"ALTER ROLE app WITH PASSWORD '{value}'"], value
    value = draw.password()
    yield ['mysql', '-e', f"CREATE USER a IDENTIFIED BY '{value}'"], value
    value = draw.alnum(40)
    yield ['aws', 'configure', 'set', 'aws_secret_access_key', value], value


def urls(draw):
    for scheme in SCHEMES:
        value = draw.of(ALNUM + '-_.~!', 14)
        yield ['app', f'{scheme}://user:{value}@db.example.com:5432/name?x=1'], value
        value = draw.of(ALNUM, 18)
        yield ['sh', '-c', f'git clone {scheme}://me:{value}@h.example/x.git dir'], value
    value = draw.of(ALNUM, 20)
    yield ['git', 'clone', f'https://{value}@github.com/o/r.git'], value
    value = draw.alnum(12) + '/' + draw.alnum(6)
    yield ['app', f'postgres://u:{value}@h/d'], value
    for name in ('token', 'access_token', 'api_key', 'sig', 'X-Amz-Signature'):
        value = draw.of(HEX, 64)
        yield ['curl', f'https://h.example/x?page=2&{name}={value}&z=1'], value
    value = draw.alnum(24)
    url = f'https://hooks.slack.com/services/T0{draw.alnum(8)}/B1/{value}'
    yield ['curl', '-d', '@x', url], value


def headers(draw):
    for scheme in ('Bearer', 'Basic', 'token', ''):
        value = draw.basic() if scheme == 'Basic' else draw.alnum(36)
        yield ['curl', '-H', f'Authorization: {scheme} {value}', 'http://h/'], value
        value = draw.basic() if scheme == 'Basic' else draw.alnum(36)
        yield ['sh', '-c', f"curl -sH 'Authorization: {scheme} {value}' http://h/"], value
    for name in ('X-Api-Key', 'PRIVATE-TOKEN', 'X-Vault-Token', 'X-Auth-Token', 'Cookie'):
        value = draw.password()
        yield ['curl', '-H', f'{name}: {value}', 'http://h/'], value
    value = draw.basic()
    yield ['app', 'login', value], value


def options(draw):
    for program in ('mysql', 'mysqldump', '/usr/bin/mariadb', 'mysqladmin'):
        value = draw.password()
        yield [program, '-u', 'root', f'-p{value}', 'db'], value
        value = draw.password()
        yield ['sh', '-c', f'{program} -uroot -p{value} -e "select 1" | head'], value
    for line in ('sshpass -p {} ssh h', 'sudo sshpass -p{} ssh h', '7z x -p{} a.7z',
                 'unzip -P {} a.zip', 'redis-cli -h h -a {} ping', 'curl -u me:{} http://h/',
                 'curl --user me:{} http://h/', 'smbclient //h/s -U me%{}', 'lftp -u me,{} h',
                 'ldapsearch -x -w {} -b dc=x', 'mongosh -u me -p {} h', 'ipmitool -P {} sdr',
                 'docker login -u me -p {} r.example', 'snmpwalk -v 2c -c {} h',
                 'openssl enc -aes256 -pass pass:{} -in a', 'openssl rsa -passin pass:{} -in k',
                 'xfreerdp /u:me /p:{} /v:h', 'plink -pw {} h', 'htpasswd -b -c f me {}',
                 'sqlcmd -S h -U sa -P {}', 'sqlplus me/{}@orcl', 'ssh-keygen -N {} -f k',
                 'http -a me:{} h/', 'wget --user=me --password={} http://h/',
                 'nmcli device wifi connect net password {}', 'gpg --batch --passphrase {} -d f',
                 'keytool -storepass {} -list', 'restic --password-command x --token {}'):
        value = draw.of(ALNUM, 13)
        yield line.format(value).split(' '), value
        value = draw.of(ALNUM, 13)
        yield ['sh', '-c', 'true; ' + line.format(value) + ' && echo done'], value


def tokens(draw):
    made = ('AKIA' + draw.of(string.ascii_uppercase + '234567', 16), 'ghp_' + draw.alnum(36),
            'gho_' + draw.alnum(36), 'github_pat_' + draw.alnum(22) + '_' + draw.alnum(59),
            'glpat-' + draw.of(URLSAFE, 20),
            'xoxb-' + draw.of(DIGITS, 12) + '-' + draw.alnum(24),
            'sk_live_' + draw.alnum(24), 'rk_live_' + draw.alnum(24), 'sk_test_' + draw.alnum(24),
            'AIza' + draw.of(URLSAFE, 35), 'ya29.' + draw.of(URLSAFE, 60),
            'npm_' + draw.alnum(36), 'pypi-AgEIcHlwaS5vcmc' + draw.of(URLSAFE, 60),
            'SG.' + draw.of(URLSAFE, 22) + '.' + draw.of(URLSAFE, 43), 'hvs.' + draw.alnum(24),
            'hf_' + draw.alnum(34), 'shpat_' + draw.hex(32), 'dop_v1_' + draw.hex(64),
            'dckr_pat_' + draw.of(URLSAFE, 27), 'GOCSPX-' + draw.of(URLSAFE, 28),
            'sk-' + draw.alnum(48), 'sk-ant-api03-' + draw.of(URLSAFE, 80),
            'AGE-SECRET-KEY-1' + draw.of(string.ascii_uppercase + '0123456789', 58),
            'glsa_' + draw.alnum(32) + '_' + draw.hex(8), 'dapi' + draw.hex(32),
            'whsec_' + draw.alnum(32), 'lin_api_' + draw.alnum(40), 'figd_' + draw.of(URLSAFE, 40),
            draw.jwt(), draw.jwt(), draw.alnum(32), draw.alnum(40), draw.alnum(64),
            draw.of(BASE64, 40), draw.of(BASE64, 44), draw.of(URLSAFE, 43), draw.hex(32),
            draw.hex(64), draw.hex(40))
    for value in made:
        yield ['app', 'push', value, '--all'], value
        yield ['sh', '-c', f'app push "{value}" >/dev/null'], value
    for _ in range(3):
        value = draw.pem()
        body = value.split('\n')[2]
        yield ['app', '--key-data', value], body
        yield ['sh', '-c', f'echo "{value}" | ssh-add -'], body


def all_secrets(seed=1):
    """(arguments, what must not be left of them)"""
    draw = Draw(seed)
    for family in (named, urls, headers, options, tokens):
        yield from family(draw)


HARMLESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'harmless.txt')


def all_harmless():
    with open(HARMLESS, encoding='utf-8') as file:
        for line in file:
            yield shlex.split(line)
