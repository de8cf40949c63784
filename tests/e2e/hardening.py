#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The recorder as a target: what it is while it records, what CMD is, what it opens."""

import json
import os
import pwd
import shutil
import signal
import stat

import harness
from episodes import check_nothing_lost
from harness import RECORD, Trace, check, check_equal
from recorder import NO_PERMISSION, NOBODY, USAGE, check_one_line, copy_for_nobody, run_record

SECCOMP_FILTER = 2
SOMEBODY = 1000  # neither root nor nobody; need not have an entry in passwd
TWO_CAPABILITIES = ('setpriv', '--reuid', str(SOMEBODY), '--regid', str(SOMEBODY),
                    '--clear-groups', '--inh-caps', '+bpf,+perfmon',
                    '--ambient-caps', '+bpf,+perfmon',
                    '--bounding-set', '-all,+bpf,+perfmon')
NO_CAPABILITIES = {'CapInh': 0, 'CapPrm': 0, 'CapEff': 0, 'CapAmb': 0}
HOOKS = ('task_newtask', 'sched_waking', 'sched_process_exec', 'sched_process_exit',
         'cgroup_mkdir', 'iter/task', 'ring buffer', 'syscall number')


def nobody():
    return pwd.getpwnam('nobody')


def status_of(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return parse_status(file.read())


def parse_status(text):
    """The lines of a status file that tell of credentials, as numbers."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(':')
        if name in ('Uid', 'Gid', 'Groups'):
            found[name] = [int(word) for word in value.split()]
        elif name.startswith('Cap'):
            found[name] = int(value, 16)
        elif name in ('NoNewPrivs', 'Seccomp'):
            found[name] = int(value)
    return found


def threads_of(pid):
    return [status_of(f'/proc/{pid}/task/{tid}/status') for tid in os.listdir(f'/proc/{pid}/task')]


def n_threads(pid):
    return len(os.listdir(f'/proc/{pid}/task'))


def check_dropped(pid, uid, gid):
    """Every thread: the one that drains, and the one that writes and syncs."""
    threads = threads_of(pid)
    check_equal(len(threads), 2, 'the threads of the recorder')
    for status in threads:
        check_equal(status['Uid'], [uid] * 4, 'the user ids')
        check_equal(status['Gid'], [gid] * 4, 'the group ids')
        check_equal({name: status[name] for name in NO_CAPABILITIES}, NO_CAPABILITIES,
                    'the capabilities')
        check_equal(status['NoNewPrivs'], 1, 'no_new_privs')
    return threads


def is_filtered(pid):
    """Whether system calls go through a filter, the last thing before a recorder records."""
    return all(status.get('Seccomp') == SECCOMP_FILTER for status in threads_of(pid))


def recorder_below(process):
    """setpriv execs: the process started is the recorder. Wait until both threads are there."""
    harness.wait_until(lambda: n_threads(process.pid) == 2 and is_filtered(process.pid),
                       'the recorder to have two threads behind a filter')
    return process.pid


def test_forbids_itself_what_it_does_not_need(t):
    """While it records, the filter of tests/unit/test_seccomp.c holds in every thread."""
    possible, rows = checks_of(run_record(t, '--check', '--json'))
    check(possible, 'a recording is not possible')
    if not rows['seccomp']['ok']:
        raise harness.Skip(rows['seccomp']['detail'])
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(*command)
    t.wait_truth('ready')
    check(is_filtered(process.pid), f'no filter: {threads_of(process.pid)}')
    children = [pid for pid in harness.descendants(process.pid) if pid != process.pid]
    check_equal([status_of(f'/proc/{pid}/status')['Seccomp'] for pid in children],
                [status_of('/proc/self/status')['Seccomp']], 'the filter of the command')
    t.open_gate(gate)
    t.finish_recorder(process)
    check_nothing_lost(trace)


# --- while it records -----------------------------------------------------------------------------

def test_becomes_nobody_while_it_records(t):
    command, gate = t.gatekeeper()
    path = t.path('t.vft')
    process = t.start('setpriv', '--groups', '4,24', RECORD, '-o', path, '--', *command)
    t.wait_truth('ready')
    for status in check_dropped(process.pid, nobody().pw_uid, nobody().pw_gid):
        check_equal(status['Groups'], [], 'the other groups')
        check_equal(status['CapBnd'], 0, 'the bounding set')
    t.open_gate(gate)
    t.finish_recorder(process)
    check_nothing_lost(Trace(t, path))
    check_equal(os.stat(path).st_uid, 0, 'the owner of the file')


def test_drop_to_another_user(t):
    for name, uid, gid in (('daemon', pwd.getpwnam('daemon').pw_uid, pwd.getpwnam('daemon').pw_gid),
                           ('4242', 4242, 4242), ('root', 0, 0)):
        process, trace = t.start_recorder(options=('-a', '--drop-to', name), name=f'{name}.vft')
        check_dropped(recorder_below(process), uid, gid)
        process.send_signal(signal.SIGINT)
        t.finish_recorder(process)
        check_nothing_lost(trace)


def test_nobody_can_look_into_it(t):
    """The user it becomes may have other processes: they cannot trace it or read its files."""
    command, gate = t.gatekeeper()
    process, _ = t.start_recorder(*command)
    t.wait_truth('ready')
    result = t.run(*NOBODY, 'ls', f'/proc/{process.pid}/fd')
    check(result.status != 0, f'nobody lists its descriptors: {result}')
    result = t.run(*NOBODY, 'head', '-c', '1', f'/proc/{process.pid}/mem')
    check(b'denied' in result.stderr, f'nobody opens its memory: {result}')
    t.open_gate(gate)
    t.finish_recorder(process)


def test_two_capabilities_are_enough_and_given_up(t):
    program = copy_for_nobody(t, RECORD)
    os.mkdir(t.path('theirs'))
    os.chown(t.path('theirs'), SOMEBODY, SOMEBODY)
    path = t.path('theirs/t.vft')
    process = t.start(*TWO_CAPABILITIES, program, '-o', path)
    check_dropped(recorder_below(process), SOMEBODY, SOMEBODY)
    check_equal(t.run('true').status, 0, 'a process to record')
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process)
    check_equal(os.stat(path).st_uid, SOMEBODY, 'the owner of the file')
    check_nothing_lost(Trace(t, path))


def test_cannot_drop(t):
    """Without the right to change its user it ends, leaves no file and runs no command."""
    result = t.run('setpriv', '--bounding-set', '-setuid', RECORD, '-o', t.path('t.vft'), '--',
                   'touch', t.path('ran'))
    check_equal(result.status, NO_PERMISSION, 'status')
    check('nobody' in check_one_line(result), f'nobody is not named: {result}')
    check(not os.path.exists(t.path('t.vft')), 'a file was left behind')
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')


def test_unknown_user(t):
    result = run_record(t, '--drop-to', 'no-such-user', '-o', t.path('t.vft'), '--', 'true')
    check_equal(result.status, USAGE, 'status')
    check('no-such-user' in check_one_line(result), f'the user is not named: {result}')


def is_stopped(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8', errors='replace') as file:
        return '\nState:\tT' in file.read()


def test_open_vfork_is_listed_as_nobody(t):
    """The last look at what is stuck comes when the privileges are long gone."""
    process, trace = t.start_recorder(t.workload('stuck'), 'stopped')
    truth = t.wait_truth('stuck')
    harness.wait_until(lambda: is_stopped(truth['child_pid']), 'the child to stop itself')
    check_equal([status['Uid'][0] for status in threads_of(process.pid)],
                [nobody().pw_uid] * 2, 'the users')
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process, status=None)
    rows = [row for row in trace.vforks() if row['child_pid'] == truth['child_pid']]
    check_equal([row['outcome'] for row in rows], ['open'], 'outcomes')
    check_equal(rows[0]['child_state'], 'stopped', 'child_state')


def test_helper_does_not_stay(t):
    """What read /proc as root is gone before the command runs."""
    command, gate = t.gatekeeper()
    process, _ = t.start_recorder(*command, options=('-a',))
    t.wait_truth('ready')
    below = [pid for pid in harness.descendants(process.pid) if pid != process.pid]
    names = []
    for pid in below:
        with open(f'/proc/{pid}/comm', encoding='utf-8') as file:
            names.append(file.read().strip())
    check_equal(names, ['storm'], 'the processes below the recorder')
    t.open_gate(gate)
    t.finish_recorder(process)


# --- CMD ------------------------------------------------------------------------------------------

def test_command_keeps_everything(t):
    caller, words = ('setpriv', '--groups', '4,24'), ('cat', '/proc/self/status')
    result = t.run(*caller, RECORD, '-q', '-o', t.path('t.vft'), '--', *words)
    check_equal(result.status, 0, 'status')
    check_equal(parse_status(result.text()), parse_status(t.run(*caller, *words).text()),
                'the credentials of the command')


def test_command_may_use_setuid_programs(t):
    """no_new_privs is the recorder's alone."""
    program = copy_for_nobody(t, RECORD)
    setuid = shutil.copy('/usr/bin/id', t.path('id'))
    os.chmod(setuid, 0o4755)
    os.mkdir(t.path('theirs'))
    os.chown(t.path('theirs'), SOMEBODY, SOMEBODY)
    if os.statvfs(t.folder).f_flag & os.ST_NOSUID:
        raise harness.Skip(f'{t.folder} is mounted nosuid')
    # The bounding set of the other cases would keep a setuid program from root's capabilities.
    words = TWO_CAPABILITIES[:TWO_CAPABILITIES.index('--bounding-set')]
    result = t.run(*words, program, '-q', '-o', t.path('theirs/t.vft'), '--', setuid, '-u')
    check_equal((result.status, result.stdout, result.stderr), (0, b'0\n', b''), 'id -u')


# --- --check --------------------------------------------------------------------------------------

def checks_of(result):
    """name -> row, from --check --json."""
    check_equal(result.stderr, b'', 'stderr')
    answer = result.json()
    check_equal(answer['command'], 'check', 'command')
    check_equal(answer['kernel'], os.uname().release, 'kernel')
    for row in answer['checks']:
        check((row['ok'] is False) == (row['advice'] is not None), f'advice of {row}')
        check(row['detail'], f'no detail: {row}')
    return answer['ok'], {row['name']: row for row in answer['checks']}


def test_check_as_root(t):
    result = run_record(t, '--check', '--json')
    check_equal(result.status, 0, 'status')
    possible, rows = checks_of(result)
    check_equal(possible, True, 'ok')
    for name in ('CAP_BPF', 'CAP_PERFMON', 'btf', 'lockdown', 'drop privileges', *HOOKS):
        row = rows[name]
        check(row['ok'] or not row['required'], f'a recording worked without {row}')
    check('attached' in rows['task_newtask']['detail'], f'not tried: {rows["task_newtask"]}')
    text = run_record(t, '--check')
    check_equal(text.status, 0, 'status of the text')
    for name in rows:
        check(any(line.startswith(name) for line in text.text().splitlines()),
              f'{name} is not in the text')


def test_check_without_root(t):
    program = copy_for_nobody(t, RECORD)
    result = t.run(*NOBODY, program, '--check', '--json')
    check_equal(result.status, NO_PERMISSION, 'status')
    possible, rows = checks_of(result)
    check_equal(possible, False, 'ok')
    check_equal((rows['CAP_BPF']['ok'], rows['CAP_PERFMON']['ok']), (False, False), 'capabilities')
    check_equal([name for name in HOOKS if rows[name]['ok'] is False], [],
                'hooks missing, though only permissions are')
    check_equal(rows['task_newtask']['ok'], None, 'a hook that was not tried')


def test_check_with_two_capabilities(t):
    program = copy_for_nobody(t, RECORD)
    result = t.run(*TWO_CAPABILITIES, program, '--check', '--json')
    check_equal((result.status, checks_of(result)[0]), (0, True), 'possible')


def test_check_with_one_capability(t):
    words = [word.replace('+bpf,+perfmon', '+bpf') for word in TWO_CAPABILITIES]
    result = t.run(*words, copy_for_nobody(t, RECORD), '--check', '--json')
    check_equal(result.status, NO_PERMISSION, 'status')
    rows = checks_of(result)[1]
    check_equal((rows['CAP_BPF']['ok'], rows['CAP_PERFMON']['ok']), (True, False), 'capabilities')


def test_check_leaves_nothing_behind(t):
    check_equal(run_record(t, '--check').status, 0, 'status')
    check_equal(os.listdir(t.folder), [], 'the folder')
    for words in (('--check', '--', 'true'), ('--check', '-o', 'x'), ('--json',)):
        result = run_record(t, *words)
        check_equal(result.status, USAGE, f'status of {words}')
        check_one_line(result)
    full = t.run('sh', '-c', '"$0" --check >/dev/full', RECORD)
    check_equal(full.status, USAGE, 'status with a full device')


# --- the output -----------------------------------------------------------------------------------

def folder_for_all(t, mode=0o1777, name='all'):
    path = t.path(name)
    os.mkdir(path)
    os.chmod(path, mode)
    return path


def check_refused(t, path, *options, word=''):
    """Refused in one line, and CMD has not run."""
    result = run_record(t, '-o', path, *options, '--', 'touch', t.path('ran'))
    check_equal(result.status, USAGE, f'status: {result}')
    line = check_one_line(result)
    check(word in line, f'{word!r} is not said: {line!r}')
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')


def precious(t, name='precious'):
    path = t.path(name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(name)
    return path


def check_precious(path, name='precious'):
    with open(path, encoding='utf-8') as file:
        check_equal(file.read(), name, f'the content of {path}')


def test_planted_symlink(t):
    """With --force, too: to a file that is there, and to one that is not yet."""
    folder = folder_for_all(t)
    target = precious(t)
    for name, there in (('a.vft', target), ('b.vft', t.path('not/yet')), ('c.vft', t.path('new'))):
        link = os.path.join(folder, name)
        os.symlink(there, link)
        os.lchown(link, nobody().pw_uid, nobody().pw_gid)
        for options in ((), ('--force',)):
            check_refused(t, link, *options)
        check(os.path.islink(link), f'{link} is gone')
    check_precious(target)
    check(not os.path.exists(t.path('new')), 'a file was made through a link')


def test_symlinked_directory(t):
    """The directory it leads to is what counts."""
    os.symlink(folder_for_all(t, 0o755, 'safe'), t.path('link'))
    trace = t.record('true', name='link/t.vft')
    check_nothing_lost(trace)
    check(os.path.exists(t.path('safe/t.vft')), 'the file is somewhere else')
    os.symlink(folder_for_all(t, 0o777, 'unsafe'), t.path('trap'))
    check_refused(t, t.path('trap/t.vft'), word='writable by everybody')
    check_equal(os.listdir(t.path('unsafe')), [], 'the unsafe directory')


def test_planted_hard_link(t):
    folder = folder_for_all(t)
    target = precious(t)
    link = os.path.join(folder, 't.vft')
    os.link(target, link)
    check_refused(t, link, word='--force')
    check_precious(target)
    check_nothing_lost(t.record('true', options=('--force',), name='all/t.vft'))
    check_precious(target)
    check(not os.path.samefile(target, link), 'the link was written through')
    check_equal(os.stat(target).st_nlink, 1, 'links of the other file')


def test_directory_that_everybody_can_write_to(t):
    for mode in (0o777, 0o703):
        folder = folder_for_all(t, mode, f'{mode:o}')
        check_refused(t, os.path.join(folder, 't.vft'), word='writable by everybody')
        check_equal(os.listdir(folder), [], 'the directory')
    folder_for_all(t, 0o1777)
    check_nothing_lost(t.record('true', name='all/t.vft'))


def make_fifo(path, user, mode=0o666):
    os.mkfifo(path)
    os.chmod(path, mode)
    os.chown(path, user, user)
    return path


def test_fifo_of_another_user(t):
    folder = folder_for_all(t)
    for options in ((), ('--force',)):
        name = f'{len(options)}.fifo'
        path = make_fifo(os.path.join(folder, name), nobody().pw_uid)
        check_refused(t, path, *options, word='somebody else')
        check(stat.S_ISFIFO(os.lstat(path).st_mode), 'the FIFO is gone')


def stream_into(t, path):
    reader = t.start('cat', path)
    result = run_record(t, '-q', '-o', path, '--', 'true')
    check_equal((result.status, result.stderr), (0, b''), 'the recorder')
    content = t.finish(reader, ('cat',)).stdout
    with open(t.path('copy.vft'), 'wb') as file:
        file.write(content)
    check_nothing_lost(Trace(t, t.path('copy.vft')))


def test_fifo_that_is_ours(t):
    stream_into(t, make_fifo(os.path.join(folder_for_all(t), 'fifo'), 0))


def test_fifo_in_its_owners_directory(t):
    """As with sudo: a user's own FIFO where nobody else can have put it."""
    folder = folder_for_all(t, 0o755, 'theirs')
    os.chown(folder, SOMEBODY, SOMEBODY)
    stream_into(t, make_fifo(os.path.join(folder, 'fifo'), SOMEBODY))
    for mode in (0o775, 0o1777):
        os.chmod(folder, mode)
        check_refused(t, os.path.join(folder, 'fifo'), word='somebody else')


def test_devices(t):
    check_equal(run_record(t, '-q', '-o', '/dev/null', '--', 'true').status, 0, '/dev/null')
    folder = folder_for_all(t)
    theirs = os.path.join(folder, 'null')
    try:
        os.mknod(theirs, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except OSError as error:
        raise harness.Skip(f'cannot make a device: {error}') from error
    os.chown(theirs, nobody().pw_uid, nobody().pw_gid)
    check_refused(t, theirs, word='somebody else')
    check_refused(t, t.folder + '/', word='directory')
    check_refused(t, t.folder, word='regular file')


# --- losses ---------------------------------------------------------------------------------------

def test_counters_balance_under_overflow(t):
    """What END says: seen = delivered + dropped; and the losses that were told add up to it."""
    gate = t.gate()
    process, trace = t.start_recorder(t.workload('storm'), 2000, gate,
                                      options=('--ring-size', '4K'))
    t.wait_truth('ready')
    process.send_signal(signal.SIGSTOP)
    t.open_gate(gate)
    t.wait_truth('storm')
    process.send_signal(signal.SIGCONT)
    t.finish_recorder(process)
    info = json.loads(trace.report('info', '--json').stdout)['rows'][0]
    check(info['dropped'] > 0, 'nothing was dropped: the case proves nothing')
    check_equal(info['delivered'] + info['dropped'], info['seen'], 'delivered + dropped')
    told = [event for event in trace.events() if event['kind'] == 'lost']
    check_equal(sum(event['count'] for event in told), info['dropped'], 'what was told as lost')
    kinds = info['kinds']
    check_equal(sum(kinds[kind] for kind in ('spawn', 'release', 'exec', 'exit')),
                info['delivered'] - info['left_out'], 'the events in the file')


if __name__ == '__main__':
    harness.main(globals())
