// A real client of MAAS, juju's gomaasapi, against a running server: what it needs of a handshake,
// strict schemas of everything it lists, one machine's life, names, devices, files.
// usage: gomaasapi URL KEY CONTROL-URL
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/juju/gomaasapi"
)

type probe struct {
	control string
	bad     int
}

func (p *probe) ok(what string, err error) bool {
	if err != nil {
		fmt.Printf("not ok - %s: %v\n", what, err)
		p.bad++
		return false
	}
	fmt.Printf("ok - %s\n", what)
	return true
}

func (p *probe) that(what string, fine bool, seen interface{}) {
	if fine {
		p.ok(what, nil)
		return
	}
	p.ok(what, fmt.Errorf("seen %v", seen))
}

// do tells the server's own door what to do: time passes because it is told to.
func (p *probe) do(words string) {
	answer, err := http.Post(p.control+"/control", "text/plain", strings.NewReader(words+"\n"))
	if err != nil {
		p.ok("control: "+words, err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 200 {
		p.ok("control: "+words, fmt.Errorf("%s", text))
	}
}

// pass lets time go by for the machines; the clock on the wall is ours again afterwards.
func (p *probe) pass(span string) {
	p.do(fmt.Sprintf("time passes %s\ntime is %d", span, time.Now().Unix()))
}

func (p *probe) lists(c gomaasapi.Controller) {
	_, err := c.Zones()
	p.ok("zones", err)
	_, err = c.Domains()
	p.ok("domains", err)
	_, err = c.Tags()
	p.ok("tags", err)
	fabrics, err := c.Fabrics()
	p.ok("fabrics with their VLANs", err)
	p.that("there is a fabric", len(fabrics) > 0, len(fabrics))
	_, err = c.Spaces()
	p.ok("spaces with their subnets", err)
	_, err = c.StaticRoutes()
	p.ok("static routes", err)
	_, err = c.BootResources()
	p.ok("boot resources", err)
	machines, err := c.Machines(gomaasapi.MachinesArgs{})
	p.ok("machines, strict schema", err)
	p.that("there are machines", len(machines) > 0, len(machines))
	_, err = c.Devices(gomaasapi.DevicesArgs{})
	p.ok("devices", err)
}

func (p *probe) status(c gomaasapi.Controller, m gomaasapi.Machine) string {
	list, err := c.Machines(gomaasapi.MachinesArgs{SystemIDs: []string{m.SystemID()}})
	if err != nil || len(list) != 1 {
		return fmt.Sprintf("%d machines, %v", len(list), err)
	}
	return list[0].StatusName()
}

func (p *probe) life(c gomaasapi.Controller) {
	args := gomaasapi.AllocateMachineArgs{MinCPUCount: 1, MinMemory: 1024, AgentName: "interop",
		Storage: []gomaasapi.StorageSpec{{Label: "root", Size: 1}}}
	m, matches, err := c.AllocateMachine(args)
	if !p.ok("allocate with constraints", err) {
		return
	}
	p.that("the storage constraint names a disk", len(matches.Storage["root"]) == 1, matches.Storage)
	p.that("is Allocated", p.status(c, m) == "Allocated", p.status(c, m))
	p.ok("owner data", m.SetOwnerData(map[string]string{"interop": "yes"}))
	data := base64.StdEncoding.EncodeToString([]byte("#cloud-config\n{}\n"))
	p.ok("deploy", m.Start(gomaasapi.StartArgs{UserData: data, DistroSeries: "jammy"}))
	p.that("is Deploying", m.StatusName() == "Deploying", m.StatusName())
	p.pass("30m")
	p.that("is Deployed half an hour later", p.status(c, m) == "Deployed", p.status(c, m))
	release := gomaasapi.ReleaseMachinesArgs{SystemIDs: []string{m.SystemID()}, Comment: "done"}
	p.ok("release", c.ReleaseMachines(release))
	p.pass("30m")
	p.that("is Ready again", p.status(c, m) == "Ready", p.status(c, m))
	release.SystemIDs = []string{"zzzzzz"}
	err = c.ReleaseMachines(release)
	p.that("releasing a stranger is a bad request", gomaasapi.IsBadRequestError(err), err)
}

func (p *probe) names(base, key string) {
	client, err := gomaasapi.NewAuthenticatedClient(gomaasapi.AddAPIVersionToURL(base, "2.0"), key)
	if !p.ok("generic client", err) {
		return
	}
	dns := gomaasapi.NewMAAS(*client).GetSubObject("dnsresources")
	made, err := dns.CallPost("", url.Values{"fqdn": {"interop.maas"}, "address_ttl": {"10"},
		"ip_addresses": {""}})
	if !p.ok("make a name", err) {
		return
	}
	object, err := made.GetMAASObject()
	p.ok("the name has a resource_uri", err)
	changed, err := object.Update(url.Values{"ip_addresses": {"10.10.0.201 10.10.0.202"}})
	p.ok("give it two addresses", err)
	list, err := changed.GetMap()["ip_addresses"].GetArray()
	p.that("it has both", err == nil && len(list) == 2, list)
	p.ok("delete it", object.Delete())
	_, err = object.Get()
	failure, is := gomaasapi.GetServerError(err)
	p.that("it is gone", is && failure.StatusCode == 404, err)
}

func (p *probe) things(c gomaasapi.Controller) {
	device, err := c.CreateDevice(gomaasapi.CreateDeviceArgs{Hostname: "interop-device",
		MACAddresses: []string{"52:54:00:99:99:01"}})
	if p.ok("make a device", err) {
		p.that("it has its interface", len(device.InterfaceSet()) == 1, len(device.InterfaceSet()))
		p.ok("delete it", device.Delete())
	}
	p.ok("keep a file", c.AddFile(gomaasapi.AddFileArgs{Filename: "interop file",
		Content: []byte("line\n\x00\xff")}))
	file, err := c.GetFile("interop file")
	if p.ok("find it", err) {
		text, err := file.ReadAll()
		p.that("it is as it was", err == nil && string(text) == "line\n\x00\xff", text)
		p.ok("delete it", file.Delete())
	}
}

// drain takes every machine there is, and gives them back.
func (p *probe) drain(c gomaasapi.Controller) {
	var taken []string
	var err error

	for i := 0; i < 100 && err == nil; i++ {
		var m gomaasapi.Machine
		if m, _, err = c.AllocateMachine(gomaasapi.AllocateMachineArgs{}); err == nil {
			taken = append(taken, m.SystemID())
		}
	}
	p.that("an empty pool is NoMatch", gomaasapi.IsNoMatchError(err), err)
	p.that("machines were taken", len(taken) > 0, len(taken))
	p.ok("give all back at once", c.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{SystemIDs: taken}))
}

func main() {
	p := probe{control: strings.TrimSuffix(os.Args[3], "/")}
	base, key := os.Args[1], os.Args[2]

	c, err := gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: base, APIKey: key})
	if !p.ok("handshake", err) {
		os.Exit(1)
	}
	_, err = gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: base, APIKey: "x:y:z"})
	p.that("a wrong key is a permission error", gomaasapi.IsPermissionError(err), err)
	p.lists(c)
	p.life(c)
	p.names(base, key)
	p.things(c)
	p.drain(c)
	if p.bad > 0 {
		os.Exit(1)
	}
}
