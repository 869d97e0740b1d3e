// The devices that QEMU and Nitro name on the kernel's command line, for a kernel whose
// virtio_mmio does not read it (VIRTIO_MMIO_CMDLINE_DEVICES), as Debian's. The loader
// hands the parameters on: device=<size>@<address>:<interrupt>. For measurements only.

#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define MOST 8

static struct resource devices[MOST][2];
static struct platform_device *registered[MOST];
static int count;

static int add_device(const char *text, const struct kernel_param *unused)
{
	resource_size_t size, base;
	unsigned int irq;
	char *rest;

	size = memparse(text, &rest);
	if (!size || *rest != '@' || count == MOST)
		return -EINVAL;
	base = memparse(rest + 1, &rest);
	if (*rest != ':' || sscanf(rest + 1, "%u", &irq) != 1)
		return -EINVAL;
	devices[count][0] = DEFINE_RES_MEM(base, size);
	devices[count][1] = DEFINE_RES_IRQ(irq);
	count++;
	return 0;
}

static const struct kernel_param_ops device_ops = { .set = add_device };
module_param_cb(device, &device_ops, NULL, 0);

static int __init enclave_devices_init(void)
{
	int i;

	for (i = 0; i < count; i++) {
		registered[i] = platform_device_register_simple("virtio-mmio", i, devices[i], 2);
		if (IS_ERR(registered[i])) {
			int error = PTR_ERR(registered[i]);

			while (i--)
				platform_device_unregister(registered[i]);
			return error;
		}
	}
	return 0;
}

static void __exit enclave_devices_exit(void)
{
	while (count--)
		platform_device_unregister(registered[count]);
}

module_init(enclave_devices_init);
module_exit(enclave_devices_exit);
MODULE_DESCRIPTION("virtio-mmio devices of an enclave, by parameter");
MODULE_LICENSE("Dual MIT/GPL");
