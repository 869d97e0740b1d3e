package userdata

import (
	"encoding/json"
	"fmt"
	"strings"
)

// families are the address families that socket(2) may open: AF_UNIX, AF_INET,
// AF_INET6, AF_NETLINK and AF_VSOCK. The last is the reason for having a profile at
// all: containerd's default refuses it in every version that EKS ships, and without
// it the supervisor cannot talk to its enclave.
var families = []int{1, 2, 10, 16, vsock}

const vsock = 40

// newNamespaces are the flags of clone(2) that make a namespace: CLONE_NEWNS, _NEWUTS,
// _NEWIPC, _NEWUSER, _NEWPID, _NEWNET and _NEWCGROUP (linux/sched.h).
const newNamespaces = 0x7e020000

// enosys makes the C library fall back from clone3, whose flags a filter cannot see,
// to clone, whose flags it can.
const enosys = 38

// allowed are the system calls of a statically linked network program and of
// the container runtime between loading the profile and starting it. What can
// change the kernel, other processes or namespaces is left out on purpose:
// mount, ptrace, bpf, keyctl, unshare, setns, kexec, modules, perf, io_uring.
var allowed = strings.Fields(`
	read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range
	open openat openat2 creat dup dup2 dup3 pipe pipe2 fcntl flock ioctl fsync fdatasync ftruncate truncate fallocate
	stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64
	mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
	chmod fchmod fchmodat chown fchown lchown fchownat umask utimensat chdir fchdir getcwd
	sendfile splice tee copy_file_range fadvise64 inotify_init1 inotify_add_watch inotify_rm_watch memfd_create
	mmap munmap mremap mprotect madvise mincore msync mlock mlock2 munlock brk membarrier
	bind connect listen accept accept4 getsockname getpeername socketpair setsockopt getsockopt shutdown
	sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
	poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
	eventfd eventfd2 signalfd4 timerfd_create timerfd_settime timerfd_gettime
	fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal
	futex futex_waitv set_robust_list get_robust_list set_tid_address rseq restart_syscall
	rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigtimedwait rt_sigqueueinfo sigaltstack
	getpid getppid gettid getpgid getpgrp setpgid getsid setsid getuid geteuid getgid getegid getresuid getresgid getgroups
	setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capget capset prctl arch_prctl seccomp
	getrlimit setrlimit prlimit64 getrusage getpriority setpriority sysinfo uname getcpu getrandom times
	sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
	clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getitimer setitimer alarm pause
	timer_create timer_settime timer_gettime timer_getoverrun timer_delete
`)

type seccompRule struct {
	Names    []string     `json:"names"`
	Action   string       `json:"action"`
	ErrnoRet int          `json:"errnoRet,omitempty"`
	Args     []seccompArg `json:"args,omitempty"`
}

type seccompArg struct {
	Index    int    `json:"index"`
	Value    int    `json:"value"`
	ValueTwo int    `json:"valueTwo"`
	Op       string `json:"op"`
}

// seccompRules are the profile's rules. What none of them names fails with EPERM.
func seccompRules() []seccompRule {
	const allow, refuse = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
	rules := []seccompRule{
		{Names: allowed, Action: allow},
		{Names: []string{"clone"}, Action: allow, Args: []seccompArg{{Value: newNamespaces, Op: "SCMP_CMP_MASKED_EQ"}}},
		{Names: []string{"clone3"}, Action: refuse, ErrnoRet: enosys},
	}
	for _, family := range families {
		rules = append(rules, seccompRule{
			Names: []string{"socket"}, Action: allow, Args: []seccompArg{{Value: family, Op: "SCMP_CMP_EQ"}},
		})
	}
	return rules
}

// seccompProfile returns the profile in the OCI runtime's JSON.
func seccompProfile() (string, error) {
	out, err := json.Marshal(map[string]any{
		"defaultAction":   "SCMP_ACT_ERRNO",
		"defaultErrnoRet": 1,
		"architectures":   []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"},
		"syscalls":        seccompRules(),
	})
	if err != nil {
		return "", fmt.Errorf("rendering the seccomp profile: %w", err)
	}
	return string(out), nil
}
