package main

import (
	"log/slog"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/nitro"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
)

// launchers are the ways of contract.EnvLauncher.
var launchers = map[string]newLauncher{
	contract.LauncherNitro: func(_ config.Config, log *slog.Logger) (launch.Launcher, error) {
		return &nitro.Launcher{Logger: log}, nil
	},
	contract.LauncherQEMU: func(c config.Config, _ *slog.Logger) (launch.Launcher, error) {
		return &qemu.Launcher{Programs: qemu.ProgramsIn(c.QEMUDir), TempDir: os.TempDir()}, nil
	},
}
