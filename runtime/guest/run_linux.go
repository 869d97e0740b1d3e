package guest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/ingress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/machine"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Run is the life of an enclave, from the start of its kernel on. It returns when the
// machine can end. It must run as PID 1, and changes the process's root.
func Run(ctx context.Context) error {
	if pid := os.Getpid(); pid != 1 {
		return fmt.Errorf("this is the first program of an enclave, and runs as PID 1 only, not %d", pid)
	}
	if err := machine.OpenConsole(); err != nil {
		return err
	}
	buffer := logs.New(logs.MaxLines, logs.MaxBytes)
	config := Config{
		Machine: machine.Linux{}, Reaper: process.NewReaper(), Logs: buffer, Log: buffer.Logger(os.Stderr), Root: "/",
		Ports: []uint16{contract.PortAPI, contract.PortTLS, contract.PortMetrics}, Listening: ingress.Listening,
	}
	config.Link = func(cid uint32) transport.Link { return &transport.VSock{Peer: cid, Logger: config.Log} }
	if err := boot(&config); err != nil {
		config.Log.Error("the enclave cannot start", "error", err)
		return err
	}
	go config.Reaper.Run(ctx)
	return serve(ctx, config)
}

// boot makes the machine what a program expects.
func boot(config *Config) error {
	var err error
	if config.Launch, config.Policy, err = readImage("/"); err != nil {
		return err
	}
	// What fails here is missed later if it is needed at all: the log says why.
	warn(config.Log, "loading the security module's driver", machine.LoadModule(contract.GuestModulePath))
	warn(config.Log, "setting limits", machine.Limits())
	if err := machine.SwitchRoot(contract.GuestRootPath); err != nil {
		return err
	}
	if err := machine.MountAll(config.Log); err != nil {
		return err
	}
	if host, err := machine.OpenHostClock(); err == nil {
		config.HostClock = host.Now
	} else {
		config.Log.Info("the clock is not held to the hypervisor's", "reason", err)
	}
	warn(config.Log, "bringing the loopback interface up", machine.LoopbackUp())
	module, err := openModule()
	if err != nil {
		warn(config.Log, "opening the security module", err)
		return nil
	}
	config.Module = module
	warn(config.Log, "seeding the kernel's random numbers", seed(module))
	return nil
}

func warn(log *slog.Logger, what string, err error) {
	if err != nil {
		log.Warn("failed", "what", what, "error", err)
	}
}

// openModule lets the payload use the module too, whoever it runs as: all that is in
// an enclave is measured.
func openModule() (*attest.NSM, error) {
	device, err := attest.OpenDevice()
	if err != nil {
		return nil, err
	}
	return attest.NewNSM(device), os.Chmod(attest.DevicePath, 0o666) //nolint:gosec // on purpose
}

func seed(module *attest.NSM) error {
	random, err := module.Random()
	if err != nil {
		return err
	}
	return machine.AddEntropy(random)
}

// serve answers the parent until all is over.
func serve(ctx context.Context, config Config) error {
	g := New(ctx, config)
	defer g.Close()
	anybody := &transport.VSock{Peer: transport.AnyCID}
	listener, err := anybody.Listen(ctx, contract.PortControl)
	if err != nil {
		return errors.Join(errors.New("the control channel cannot listen"), err)
	}
	config.Log.Info(contract.GuestWaiting, "uptime", config.Machine.Uptime())
	go func() {
		if err := Heartbeat(ctx, config.Link(transport.ParentCID)); err != nil {
			config.Log.Debug("no heartbeat", "error", err)
		}
	}()
	return g.Serve(ctx, listener)
}
