//go:build linux

package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func TestBooted(t *testing.T) {
	for _, behaviour := range []string{guestIsUp, guestIsQuiet, guestBeats} {
		t.Run(behaviour, func(t *testing.T) {
			l := newFakes(t, behaviour)
			if behaviour == guestIsQuiet {
				l.patience = pollEvery
			}
			e := launched(t, l, debugRequest)
			short, cancel := context.WithTimeout(t.Context(), 3*pollEvery)
			defer cancel()
			if err := e.Booted(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("before there is a sign of life: %v", err)
			}
			booted := make(chan error, 2)
			for range cap(booted) {
				go func() { booted <- e.Booted(bounded(t)) }()
			}
			now(t, l)
			for range cap(booted) {
				if err := <-booted; err != nil {
					t.Error(err)
				}
			}
			if err := e.Terminate(bounded(t)); err != nil {
				t.Error(err)
			}
			if err := e.Booted(bounded(t)); err != nil {
				t.Errorf("it had booted: %v", err)
			}
		})
	}
}

// TestOtherByte is no sign of life, and does not keep a heartbeat from being one.
func TestOtherByte(t *testing.T) {
	l := newFakes(t, guestMutters)
	e := launched(t, l, debugRequest)
	waitFor(t, func() bool {
		_, err := os.Stat(filepath.Join(filepath.Dir(l.Programs.QEMU), "muttered"))
		return err == nil
	})
	short, cancel := context.WithTimeout(t.Context(), 3*pollEvery)
	defer cancel()
	if err := e.Booted(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after another byte: %v", err)
	}
	now(t, l)
	if err := e.Booted(bounded(t)); err != nil {
		t.Error(err)
	}
}

// TestHeartbeatsPort is free once there was a heartbeat.
func TestHeartbeatsPort(t *testing.T) {
	l := newFakes(t, guestBeats)
	e := launched(t, l, debugRequest)
	if _, err := e.Link().Listen(t.Context(), contract.PortHeartbeat); err == nil {
		t.Error("nobody waits for a heartbeat")
	}
	now(t, l)
	if err := e.Booted(bounded(t)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		_, err := os.Stat(e.path("v_9000"))
		return os.IsNotExist(err)
	})
}

func TestBootedOfOneThatEnds(t *testing.T) {
	e := launched(t, newFakes(t, ""), debugRequest)
	booted := make(chan error, 1)
	go func() { booted <- e.Booted(bounded(t)) }()
	time.Sleep(pollEvery) // so that it waits already, mostly
	if err := e.Terminate(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantError(t, <-booted, "ended without a sign of life")
}
