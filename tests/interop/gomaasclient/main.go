// Canonical's own typed client, the one below the Terraform provider, against a running server: every
// kind of thing it makes is made, changed, read and deleted once.
// usage: gomaasclient URL KEY CONTROL-URL
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/canonical/gomaasclient/client"
	"github.com/canonical/gomaasclient/entity"
)

type probe struct {
	c       *client.Client
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

// pass lets time go by for the machines; the clock on the wall is ours again afterwards.
func (p *probe) pass(span string) {
	words := fmt.Sprintf("time passes %s\ntime is %d\n", span, time.Now().Unix())
	answer, err := http.Post(p.control+"/control", "text/plain", strings.NewReader(words))
	if err != nil {
		p.ok("control", err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 200 {
		p.ok("control", fmt.Errorf("%s", text))
	}
}

func (p *probe) places() {
	zone, err := p.c.Zones.Create(&entity.ZoneParams{Name: "interop-zone"})
	if p.ok("make a zone", err) {
		zone, err = p.c.Zone.Update(zone.Name, &entity.ZoneParams{Name: "interop-zone-2"})
		p.ok("rename it", err)
		p.ok("delete it", p.c.Zone.Delete(zone.Name))
	}
	pool, err := p.c.ResourcePools.Create(&entity.ResourcePoolParams{Name: "interop-pool"})
	if p.ok("make a pool", err) {
		_, err = p.c.ResourcePool.Update(pool.ID, &entity.ResourcePoolParams{Description: "d"})
		p.ok("describe it", err)
		p.ok("delete it", p.c.ResourcePool.Delete(pool.ID))
	}
}

func (p *probe) networks() {
	fabric, err := p.c.Fabrics.Create(&entity.FabricParams{Name: "interop-fabric"})
	if !p.ok("make a fabric", err) {
		return
	}
	vlan, err := p.c.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 100, Name: "v100", MTU: 9000})
	p.ok("make a VLAN", err)
	space, err := p.c.Spaces.Create("interop-space")
	p.ok("make a space", err)
	_, err = p.c.VLAN.Update(fabric.ID, 100, &entity.VLANParams{Space: space.Name})
	p.ok("put the VLAN into the space", err)
	subnet, err := p.c.Subnets.Create(&entity.SubnetParams{CIDR: "10.99.0.0/24", VLAN: strconv.Itoa(vlan.ID),
		GatewayIP: "10.99.0.1", DNSServers: []string{"10.99.0.2", "10.99.0.3"}, RDNSMode: 2, Managed: true})
	if p.ok("make a subnet", err) {
		p.that("it has both name servers", len(subnet.DNSServers) == 2, subnet.DNSServers)
		p.subnet(subnet)
		p.ok("delete the subnet", p.c.Subnet.Delete(subnet.ID))
	}
	p.ok("delete the VLAN", p.c.VLAN.Delete(fabric.ID, 100))
	p.ok("delete the space", p.c.Space.Delete(space.ID))
	p.ok("delete the fabric", p.c.Fabric.Delete(fabric.ID))
}

func (p *probe) subnet(s *entity.Subnet) {
	r, err := p.c.IPRanges.Create(&entity.IPRangeParams{Type: "reserved", Subnet: strconv.Itoa(s.ID),
		StartIP: "10.99.0.10", EndIP: "10.99.0.19"})
	p.ok("reserve a range", err)
	address, err := p.c.IPAddresses.Reserve(&entity.IPAddressesParams{Subnet: s.CIDR})
	if p.ok("reserve an address", err) {
		p.that("it is the first of the smallest gap", address.IP.String() == "10.99.0.4", address.IP)
	}
	numbers, err := p.c.Subnet.GetStatistics(s.ID)
	p.ok("statistics", err)
	p.that("they add up", numbers.NumAvailable+numbers.NumUnavailable == 254, numbers)
	held, err := p.c.Subnet.GetReservedIPRanges(s.ID)
	p.that("reserved ranges", err == nil && len(held) > 0, err)
	free, err := p.c.Subnet.GetUnreservedIPRanges(s.ID)
	p.that("unreserved ranges", err == nil && len(free) > 0, err)
	list, err := p.c.Subnet.GetIPAddresses(s.ID)
	p.that("addresses", err == nil && len(list) == 1, list)
	p.ok("release the address", p.c.IPAddresses.Release(&entity.IPAddressesParams{IP: address.IP.String()}))
	p.ok("delete the range", p.c.IPRange.Delete(r.ID))
}

func (p *probe) names() {
	domain, err := p.c.Domains.Create(&entity.DomainParams{Name: "interop.example", Authoritative: true, TTL: 30})
	if !p.ok("make a domain", err) {
		return
	}
	name, err := p.c.DNSResources.Create(&entity.DNSResourceParams{FQDN: "www.interop.example",
		IPAddresses: "10.10.0.211", AddressTTL: 10})
	if p.ok("make a name", err) {
		_, err = p.c.DNSResource.Update(name.ID, &entity.DNSResourceParams{IPAddresses: "10.10.0.212", AddressTTL: 10})
		p.ok("move it", err)
		p.ok("delete it", p.c.DNSResource.Delete(name.ID))
	}
	p.ok("delete the domain", p.c.Domain.Delete(domain.ID))
}

func (p *probe) people() {
	_, err := p.c.Users.Create(&entity.UserParams{UserName: "interop2", Password: "p", Email: "i@example.com"})
	p.ok("make a user", err)
	p.ok("delete the user", p.c.User.Delete(&entity.UserDeleteParams{UserName: "interop2"}))
	token, err := p.c.Account.CreateAuthorisationToken("second")
	if p.ok("make a key", err) {
		p.ok("delete it", p.c.Account.DeleteAuthorisationToken(token.TokenKey))
	}
	_, err = p.c.SSHKeys.Get()
	p.ok("ssh keys", err)
	value, err := p.c.MAASServer.Get("default_distro_series")
	p.that("a setting", err == nil && len(value) > 2, err)
	p.ok("change a setting", p.c.MAASServer.Post("maas_name", "interop"))
	_, err = p.c.Events.Get(&entity.EventParams{Limit: "5"})
	p.ok("events", err)
}

func (p *probe) machine() {
	all, err := p.c.Machines.Get(&entity.MachinesParams{})
	p.that("machines", err == nil && len(all) > 0, err)
	_, err = p.c.Tags.Create(&entity.TagParams{Name: "interop-tag"})
	p.ok("make a tag", err)
	p.ok("tag a machine", p.c.Tag.AddMachines("interop-tag", []string{all[0].SystemID}))
	tagged, err := p.c.Tag.GetMachines("interop-tag")
	p.that("the tag has it", err == nil && len(tagged) == 1, err)
	m, err := p.c.Machines.Allocate(&entity.MachineAllocateParams{Tags: []string{"interop-tag"}})
	if !p.ok("allocate by tag", err) {
		return
	}
	data := base64.StdEncoding.EncodeToString([]byte("#cloud-config\n{}\n"))
	_, err = p.c.Machine.Deploy(m.SystemID, &entity.MachineDeployParams{DistroSeries: "jammy", UserData: data})
	p.ok("deploy", err)
	token, err := p.c.Machine.GetToken(m.SystemID)
	p.that("its token", err == nil && token.TokenKey != "", err)
	p.pass("30m")
	m, err = p.c.Machine.Get(m.SystemID)
	p.that("is Deployed", err == nil && m.StatusName == "Deployed", err)
	_, err = p.c.Machine.Lock(m.SystemID, "")
	p.ok("lock", err)
	_, err = p.c.Machine.Unlock(m.SystemID, "")
	p.ok("unlock", err)
	_, err = p.c.Machine.SetWorkloadAnnotations(m.SystemID, map[string]string{"k": "v"})
	p.ok("annotate", err)
	_, err = p.c.Machine.GetPowerState(m.SystemID)
	p.ok("power state", err)
	p.ok("release", p.c.Machines.Release([]string{m.SystemID}, "done"))
	p.pass("30m")
	m, err = p.c.Machine.Get(m.SystemID)
	p.that("is Ready", err == nil && m.StatusName == "Ready", err)
	p.ok("delete the tag", p.c.Tag.Delete("interop-tag"))
	nics, err := p.c.NetworkInterfaces.Get(m.SystemID)
	p.that("its interfaces", err == nil && len(nics) > 0, err)
	disks, err := p.c.BlockDevices.Get(m.SystemID)
	p.that("its disks", err == nil && len(disks) > 0, err)
}

func main() {
	c, err := client.GetClient(strings.TrimSuffix(os.Args[1], "/"), os.Args[2], "2.0")
	p := probe{c: c, control: strings.TrimSuffix(os.Args[3], "/")}

	if !p.ok("client", err) {
		os.Exit(1)
	}
	_, err = c.Version.Get()
	p.ok("version", err)
	_, err = c.Users.Whoami()
	p.ok("whoami", err)
	p.places()
	p.networks()
	p.names()
	p.people()
	p.machine()
	if p.bad > 0 {
		os.Exit(1)
	}
}
