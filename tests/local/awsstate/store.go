package awsstate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Store is an account's file.
type Store struct{ path string }

// Open names the file of an account; it need not exist yet.
func Open(path string) *Store { return &Store{path: path} }

// FromEnv is the account of the stack that LOCAL_STACK_DIR names.
func FromEnv() (*Store, error) {
	dir := os.Getenv(DirEnv)
	if dir == "" {
		return nil, fmt.Errorf("%s is not set: it names the directory of the local stack that holds %s", DirEnv, FileName)
	}
	return Open(Path(dir)), nil
}

// Load reads an account. A file that is not there is an empty account. Writers
// rename complete files into place, so a reader needs no lock.
func Load(path string) (*State, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return new(State).init(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the local AWS account: %w", err)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("reading the local AWS account %s: %w", path, err)
	}
	return s.init(), nil
}

// Seed puts a cluster into the account that no program created.
func Seed(path string, c Cluster) error {
	return Open(path).Update(func(s *State) error {
		s.Clusters[c.Name] = c
		return nil
	})
}

// Load reads the account.
func (s *Store) Load() (*State, error) { return Load(s.path) }

// Update changes the account under an exclusive lock that holds between
// processes too. Nothing is written when change fails.
func (s *Store) Update(change func(*State) error) (err error) {
	unlock, err := lock(s.path + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	state, err := Load(s.path)
	if err != nil {
		return err
	}
	if err := change(state); err != nil {
		return err
	}
	return write(s.path, state)
}

func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the local AWS account: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return f.Close, nil
}

func write(path string, s *State) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the local AWS account: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), FileName+".*") // 0600
	if err != nil {
		return fmt.Errorf("writing the local AWS account: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when the rename succeeded
	_, err = tmp.Write(append(data, '\n'))
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("writing the local AWS account: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("writing the local AWS account: %w", err)
	}
	return nil
}
