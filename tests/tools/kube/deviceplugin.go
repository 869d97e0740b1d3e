package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// devicePlugin offers one extended resource. It stands in for AWS's plugin, whose
// image cannot be had without a registry.
type devicePlugin struct {
	v1beta1.UnimplementedDevicePluginServer
	resource string
	count    int
	// host and container are the paths of the device that a container gets once,
	// however many units it asks for; none when host is empty.
	host, container string
}

// runDevicePlugin serves "name=count" resources until it is told to end.
func runDevicePlugin() int {
	flags := pflag.NewFlagSet("device-plugin", pflag.ExitOnError)
	dir := flags.String("dir", v1beta1.DevicePluginPath, "kubelet's folder of device plugins")
	offers := flags.StringArray("offer", nil, "resource=count, or resource=count=host path=container path")
	_ = flags.Parse(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for i, offer := range *offers {
		plugin, err := parseOffer(offer)
		if err == nil {
			err = plugin.start(ctx, *dir, "stand-in-"+strconv.Itoa(i)+".sock")
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "device-plugin: %s: %v\n", offer, err)
			return 1
		}
	}
	fmt.Println("registered")
	<-ctx.Done()
	return 0
}

func parseOffer(offer string) (*devicePlugin, error) {
	fields := strings.Split(offer, "=")
	if len(fields) != 2 && len(fields) != 4 {
		return nil, fmt.Errorf("want resource=count or resource=count=host path=container path")
	}
	count, err := strconv.Atoi(fields[1])
	if err != nil {
		return nil, err
	}
	p := &devicePlugin{resource: fields[0], count: count}
	if len(fields) == 4 {
		p.host, p.container = fields[2], fields[3]
	}
	return p, nil
}

// start serves on a socket of its own and tells the kubelet, which then calls back.
func (p *devicePlugin) start(ctx context.Context, dir, socket string) error {
	_ = os.Remove(filepath.Join(dir, socket))
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", filepath.Join(dir, socket))
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	v1beta1.RegisterDevicePluginServer(server, p)
	go func() { _ = server.Serve(listener) }()

	conn, err := grpc.NewClient("unix://"+filepath.Join(dir, filepath.Base(v1beta1.KubeletSocket)),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	_, err = v1beta1.NewRegistrationClient(conn).Register(ctx, &v1beta1.RegisterRequest{
		Version: v1beta1.Version, Endpoint: socket, ResourceName: p.resource,
	}, grpc.WaitForReady(true)) // until the kubelet listens
	return err
}

// GetDevicePluginOptions wants no call before a container starts.
func (p *devicePlugin) GetDevicePluginOptions(context.Context, *v1beta1.Empty) (*v1beta1.DevicePluginOptions, error) {
	return &v1beta1.DevicePluginOptions{}, nil
}

// ListAndWatch says once what there is: nothing of it ever changes.
func (p *devicePlugin) ListAndWatch(_ *v1beta1.Empty, stream v1beta1.DevicePlugin_ListAndWatchServer) error {
	all := &v1beta1.ListAndWatchResponse{}
	for i := range p.count {
		all.Devices = append(all.Devices, &v1beta1.Device{ID: strconv.Itoa(i), Health: v1beta1.Healthy})
	}
	if err := stream.Send(all); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate hands the device to every container that has asked for a unit.
func (p *devicePlugin) Allocate(_ context.Context, request *v1beta1.AllocateRequest) (*v1beta1.AllocateResponse, error) {
	response := &v1beta1.AllocateResponse{}
	for range request.ContainerRequests {
		container := &v1beta1.ContainerAllocateResponse{}
		if p.host != "" {
			container.Devices = []*v1beta1.DeviceSpec{{HostPath: p.host, ContainerPath: p.container, Permissions: "rw"}}
		}
		response.ContainerResponses = append(response.ContainerResponses, container)
	}
	return response, nil
}
