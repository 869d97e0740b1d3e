package main

import (
	"log/slog"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
)

// newLauncher makes a launcher for a configuration.
type newLauncher func(config.Config, *slog.Logger) (launch.Launcher, error)
