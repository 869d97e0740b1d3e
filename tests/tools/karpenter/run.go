package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	kwok "sigs.k8s.io/karpenter/kwok/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/overlay"
	"sigs.k8s.io/karpenter/pkg/controllers"
	"sigs.k8s.io/karpenter/pkg/controllers/nodeoverlay"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
)

// off is controller-runtime's word for "do not listen".
const off = "0"

// run works until the context ends.
func run(ctx context.Context, s settings) error {
	ctx, err := withOptions(ctx, s)
	if err != nil {
		return err
	}
	mgr, err := newManager(ctx, s.kubeconfig)
	if err != nil {
		return err
	}
	if err := addControllers(ctx, mgr); err != nil {
		return err
	}
	// The manager starts what is added to it when the caches are filled.
	err = mgr.Add(manager.RunnableFunc(func(context.Context) error { return announce(s.ready) }))
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// newManager makes a manager that listens nowhere and elects no leader: there is
// only one.
func newManager(ctx context.Context, kubeconfig string) (manager.Manager, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 300
	mgr, err := manager.New(config, manager.Options{
		Logger:                 log.FromContext(ctx),
		Metrics:                server.Options{BindAddress: off},
		HealthProbeBindAddress: off,
		PprofBindAddress:       off,
		// Reconcilers find Karpenter's options in their context.
		BaseContext: func() context.Context { return context.WithoutCancel(ctx) },
	})
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	return mgr, addIndexes(ctx, mgr.GetFieldIndexer())
}

// addControllers adds all of Karpenter's controllers. The provider without
// overlays is needed too: they are laid over its instance types.
func addControllers(ctx context.Context, mgr manager.Manager) error {
	instanceTypes, err := kwok.ConstructInstanceTypes(ctx)
	if err != nil {
		return fmt.Errorf("reading the instance types: %w", err)
	}
	client, store, now := mgr.GetClient(), nodeoverlay.NewInstanceTypeStore(), clock.RealClock{}
	plain := kwok.NewCloudProvider(ctx, client, instanceTypes)
	provider := overlay.Decorate(plain, client, store)
	recorder := events.NewRecorder(mgr.GetEventRecorderFor("karpenter"))
	cluster := state.NewCluster(now, client, provider)
	for _, c := range controllers.NewControllers(ctx, mgr, now, client, recorder, provider, plain, cluster, store) {
		if err := c.Register(ctx, mgr); err != nil {
			return fmt.Errorf("adding %T: %w", c, err)
		}
	}
	return nil
}

func announce(path string) error {
	if path == "" {
		return nil
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return fmt.Errorf("saying that everything is ready: %w", err)
	}
	return nil
}
