// The first program of an enclave whose kernel has its drivers as modules: loads those
// that /modules/list names, in its order, and becomes /enclave-init. Each line is a file
// in /modules. The devices of the command line are handed to the module that takes them.
// For measurements only.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char devices_module[] = "enclave_devices.ko";
static const char on_cmdline[] = "virtio_mmio.device=";

static void fail(const char *what)
{
	fprintf(stderr, "loader: %s: %s\n", what, strerror(errno));
	exit(1);
}

// devices makes the module's parameters of the command line.
static const char *devices(void)
{
	static char line[4096], parameters[4096];
	FILE *f = fopen("/proc/cmdline", "r");

	if (!f || !fgets(line, sizeof(line), f))
		fail("/proc/cmdline");
	fclose(f);
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		if (strncmp(word, on_cmdline, strlen(on_cmdline)))
			continue;
		// Shorter than the word that it is made of, so it fits.
		strcat(strcat(strcat(parameters, "device="), word + strlen(on_cmdline)), " ");
	}
	return parameters;
}

static void load(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, strcmp(name, devices_module) ? "" : devices(), 0))
		fail(path);
	close(fd);
}

int main(int argc, char **argv)
{
	char name[256];
	FILE *list = fopen("/modules/list", "r");

	(void)argc;
	if (!list)
		fail("/modules/list");
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("/proc");
	while (fgets(name, sizeof(name), list)) {
		name[strcspn(name, "\n")] = 0;
		load(name);
	}
	fclose(list);
	umount("/proc");
	execv("/enclave-init", argv);
	fail("/enclave-init");
}
