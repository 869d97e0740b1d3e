package guest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
)

// lastLines is how long the end of the payload's output is waited for once it has
// ended. Its group is killed with it, so that only a process which has left the group
// can hold the pipe.
const lastLines = time.Second

func (g *Guest) user() (process.User, error) {
	// Absent files are empty: images without them can name numbers.
	passwd, _ := os.ReadFile(filepath.Join(g.Root, "etc/passwd"))
	group, _ := os.ReadFile(filepath.Join(g.Root, "etc/group"))
	return launch.LookupUser(g.Launch.User, passwd, group)
}

// start starts the payload and everything that follows it.
func (g *Guest) start(user process.User, env []string) error {
	program, err := g.Launch.Program(executable)
	if err != nil {
		return err
	}
	out, err := newPipes()
	if err != nil {
		return err
	}
	defer out.closeWriters()
	spec := process.Spec{
		Path: program, Args: g.Launch.Command, Env: env, Dir: g.Launch.WorkingDir,
		Stdout: out.writers[0], Stderr: out.writers[1],
	}
	if int(user.UID) != os.Getuid() || int(user.GID) != os.Getgid() || os.Getuid() == 0 {
		spec.User = &user
	}
	child, err := g.Reaper.Start(spec)
	if err != nil {
		out.closeReaders()
		return err
	}
	g.mu.Lock()
	g.payload, g.state = child, control.StateRunning
	g.mu.Unlock()
	g.Log.Info("the payload has started", "program", program, "pid", child.PID, "uid", user.UID, "gid", user.GID)
	g.running.Go(func() { g.follow(child, out) })
	return nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// follow takes the payload's output and waits for its end.
func (g *Guest) follow(child *process.Child, out *pipes) {
	var copying sync.WaitGroup
	for i, stream := range []string{control.StreamStdout, control.StreamStderr} {
		copying.Go(func() { g.Config.Logs.Copy(stream, out.readers[i]) })
	}
	<-child.Done()
	g.mu.Lock()
	g.state = control.StateExited
	g.mu.Unlock()
	patience := time.AfterFunc(lastLines, out.closeReaders)
	copying.Wait()
	patience.Stop()
	out.closeReaders()
	g.Log.Info("the payload has ended", "code", child.ExitCode())
	g.end()
}

// fail ends a guest that could not do what its bootstrap said.
func (g *Guest) fail(err error) {
	g.Log.Error("the bootstrap has failed; the enclave ends", "error", err)
	g.mu.Lock()
	g.state = control.StateExited
	g.mu.Unlock()
	g.end()
}

func (g *Guest) end() {
	g.Config.Logs.Close()
	close(g.done)
}

// Stop implements control.Guest. A stop after the payload's end is a success.
func (g *Guest) Stop(_ context.Context, s control.Stop) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.state == control.StateExited:
		return nil
	case g.payload == nil:
		return control.Errorf(control.CodeConflict, "the payload has not been started")
	}
	g.state = control.StateStopping
	grace := time.Duration(s.GraceSeconds) * time.Second
	g.Log.Info("stopping the payload", "grace", grace)
	g.payload.Stop(grace)
	return nil
}
