package main

import (
	"fmt"
	"strings"
	"syscall"
)

// What clients call, in their order. "as clients do" is meant: the shape of the calls is that of the
// vendor's own library for each task.
var sequences = []struct {
	name string
	walk func(*walk) error
}{
	{"a session begins with the project", session},
	{"a login gives a token, and the token a new one", login},
	{"pairing: code, manifest, gateway", pairing},
	{"a gateway that does not run yet is seen as such", pendingIsSeen},
	{"the gateway registers and runs", gatewayRuns},
	{"gateways are looked up by name, and searched", lookup},
	{"an account is validated through its gateway, then made", account},
	{"MAAS is seen through the account", properties},
	{"lists have pages, filters and an order", lists},
	{"profiles are made, read, changed", profiles},
	{"trust of the tenant", trust},
	{"a cluster is checked, rated, made and found", create},
	{"the cluster becomes Running and Healthy", running},
	{"what clients read back after a create", readBack},
	{"a worker pool is added, resized and removed", workers},
	{"events are read and deleted", events},
	{"clusters and accounts move to another gateway", moved},
	{"the cluster is deleted and its machines are Ready again", deleted},
	{"without its gateway a delete waits, and force has to wait, too", forced},
	{"tidying up", tidy},
}

func session(w *walk) error {
	v, err := w.call("v1ProjectsMetadata", params{})
	if err != nil {
		return err
	}
	if text(v, "items.0.metadata.name") != "Default" {
		return fmt.Errorf("the first project is %v", v)
	}
	w.project = text(v, "items.0.metadata.uid")
	if _, err := w.call("v1UsersMetadata", params{}); err != nil {
		return err
	}
	v, err = w.body("v1ProjectsCreate", params{}, m{"metadata": m{"name": "walked",
		"creationTimestamp": "0001-01-01T00:00:00.000Z", "labels": nil}, "spec": m{"users": nil}})
	if err != nil {
		return err
	}
	if err := w.get("v1ProjectsUidGet", id(uidOf(v)), "metadata.name", "walked"); err != nil {
		return err
	}
	if _, err := w.body("v1ProjectsUidUpdate", id(uidOf(v)), m{"metadata": m{"name": "walked2"}}); err != nil {
		return err
	}
	if _, err := w.body("v1ProjectsUidDelete", id(uidOf(v)), m{}); err != nil {
		return err
	}
	_, err = w.call("v1ProjectsUidGet", id(uidOf(v)))
	return refusedWith(err, 404, "ResourceNotFound")
}

func login(w *walk) error {
	v, err := w.body("v1Authenticate", params{query: map[string]string{"setCookie": "true"}},
		m{"emailId": "admin@palette.example", "password": "interop", "org": ""})
	if err != nil {
		return err
	}
	v, err = w.call("v1AuthRefresh", params{path: map[string]string{"token": text(v, "Authorization")}})
	if err != nil {
		return err
	}
	key := w.auth
	w.auth = tokenAuth(text(v, "Authorization"))
	_, err = w.call("v1OverlordsList", params{})
	w.auth = key
	return err
}

func pairing(w *walk) error {
	v, err := w.call("v1OverlordsPairingCode", params{query: map[string]string{"cloudType": "maas"}})
	if err != nil {
		return err
	}
	code := text(v, "pairingCode")
	v, err = w.call("V1OverlordsMaasManifest", params{query: map[string]string{"pairingCode": code}})
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(text(v, "manifest"), "overlordUid: \"")
	w.pcg, _, _ = strings.Cut(rest, "\"")
	w.gateway, err = w.s.startGateway(w.pcg, code)
	return err
}

// moved pairs a second gateway, gives it everything of the first one and ends that one for good.
func moved(w *walk) error {
	from, old := w.pcg, w.gateway
	if err := pairing(w); err != nil {
		return err
	}
	if err := gatewayRuns(w); err != nil {
		return err
	}
	_, err := w.body("V1OverlordsMigrate", params{}, m{"sourceUid": from, "targetUid": from})
	if err := refusedWith(err, 400, "InvalidRequest"); err != nil {
		return err
	}
	if _, err := w.body("V1OverlordsMigrate", params{}, m{"sourceUid": from, "targetUid": w.pcg}); err != nil {
		return err
	}
	_ = old.Process.Signal(syscall.SIGKILL)
	_ = old.Wait()
	if err := w.get("v1CloudAccountsMaasGet", id(w.account), "metadata.annotations.overlordUid", w.pcg); err != nil {
		return err
	}
	return w.get("v1SpectroClustersGet", id(w.cluster), "metadata.annotations.overlordUid", w.pcg)
}

func pendingIsSeen(w *walk) error {
	v, err := w.body("v1PcgSelfHosted", params{}, m{"cloudType": "maas", "name": "spare"})
	if err != nil {
		return err
	}
	spare := text(v, "overlordUid")
	if err := w.get("v1OverlordsUidGet", id(spare), "status.state", "Pending"); err != nil {
		return err
	}
	for _, op := range []string{"v1PcgUidJetManifestGet", "v1PcgUidAllyManifestGet"} {
		if _, err := w.call(op, id(spare)); err != nil {
			return err
		}
	}
	if _, err := w.body("v1OverlordsUidMetadataUpdate", id(spare), m{"metadata": m{"name": "spare2"}}); err != nil {
		return err
	}
	if _, err := w.body("V1OverlordsUidMaasCloudConfigCreate", id(spare), m{"size": 1,
		"clusterConfig": m{"domain": "maas", "sshKeys": nil, "staticIp": false, "enableLxdVm": false}}); err != nil {
		return err
	}
	if _, err := w.body("V1OverlordsUidMaasCloudConfigUpdate", id(spare), m{"size": 3,
		"clusterConfig": m{"domain": "maas"}}); err != nil {
		return err
	}
	if _, err := w.call("v1OverlordsUidMaasClusterProfile", id(spare)); err != nil {
		return err
	}
	if err := pools(w, spare); err != nil {
		return err
	}
	if _, err := w.call("v1OverlordsUidReset", id(spare)); err != nil {
		return err
	}
	if _, err := w.call("v1OverlordsUidDelete", id(spare)); err != nil {
		return err
	}
	_, err = w.call("v1OverlordsUidGet", id(spare))
	return refusedWith(err, 404, "ResourceNotFound")
}

func pools(w *walk, pcg string) error {
	pool := m{"metadata": m{"name": "ips"}, "spec": m{"pool": m{"start": "10.0.0.1",
		"end": "10.0.0.9", "gateway": "10.0.0.254", "prefix": 24}, "restrictToSingleCluster": false}}
	v, err := w.body("v1OverlordsUidMaasPoolCreate", id(pcg), pool)
	if err != nil {
		return err
	}
	p := params{path: map[string]string{"uid": pcg, "poolUid": uidOf(v)}}
	if err := w.get("v1OverlordsUidMaasPoolsList", id(pcg), "items.0.metadata.name", "ips"); err != nil {
		return err
	}
	if _, err := w.body("v1OverlordsUidMaasPoolUpdate", p, pool); err != nil {
		return err
	}
	_, err = w.call("v1OverlordsUidMaasPoolDelete", p)
	return err
}

func gatewayRuns(w *walk) error {
	return until("the gateway is Running", func() (bool, error) {
		v, err := w.call("v1OverlordsUidGet", id(w.pcg))
		return text(v, "status.state") == "Running", err
	})
}

func lookup(w *walk) error {
	v, err := w.call("v1OverlordsUidGet", id(w.pcg))
	if err != nil {
		return err
	}
	name := text(v, "metadata.name")
	if err := w.get("v1OverlordsList", params{query: map[string]string{"name": name}},
		"items.0.metadata.uid", w.pcg); err != nil {
		return err
	}
	v, err = w.body("v1DashboardPcgsSearchSummary", params{}, search("name", name))
	if err != nil || at(v, "listmeta.count") != 1.0 {
		return fmt.Errorf("found %v: %w", v, err)
	}
	_, err = w.call("v1DashboardPcgSearchSchemaGet", params{})
	return err
}

// search is a filter for one property, as clients send it.
func search(property, value string) m {
	return m{"filter": m{"conjunction": "and", "filterGroups": []m{{"conjunction": "and",
		"filters": []m{{"property": property, "type": "string", "condition": m{"string": m{
			"operator": "eq", "negation": false, "ignoreCase": false,
			"match": m{"conjunction": "or", "values": []string{value}}}}}}}}}, "sort": nil}
}

func maasAccount(w *walk, key string) m {
	return m{"apiEndpoint": w.s.maas, "apiKey": key, "preferredSubnets": nil}
}

func account(w *walk) error {
	_, err := w.body("v1OverlordsUidMaasAccountValidate", id(w.pcg),
		m{"account": maasAccount(w, "not:thekey:ofanybody")})
	if err := refusedWith(err, 400, "MaasUnauthorized"); err != nil {
		return err
	}
	if _, err := w.body("v1OverlordsUidMaasAccountValidate", id(w.pcg),
		m{"account": maasAccount(w, w.s.maasKey())}); err != nil {
		return err
	}
	entity := m{"metadata": m{"name": "walked", "annotations": m{"overlordUid": w.pcg},
		"creationTimestamp": "0001-01-01T00:00:00.000Z"}, "spec": maasAccount(w, w.s.maasKey())}
	v, err := w.body("v1CloudAccountsMaasCreate", params{}, entity)
	if err != nil {
		return err
	}
	w.account = uidOf(v)
	if err := w.get("v1CloudAccountsMaasGet", id(w.account), "spec.apiKey", "********"); err != nil {
		return err
	}
	if _, err := w.body("v1CloudAccountsMaasUpdate", id(w.account), entity); err != nil {
		return err
	}
	_, err = w.body("v1CloudAccountsMaasPatch", id(w.account),
		[]m{{"op": "replace", "path": "/metadata/name", "value": "walked2"}})
	return err
}

func properties(w *walk) error {
	for op, again := range map[string]string{"v1MaasAccountsUidAzs": "V1MaasZonesGet",
		"v1MaasAccountsUidDomains": "V1MaasDomainsGet", "v1MaasAccountsUidPools": "V1MaasPoolsGet",
		"v1MaasAccountsUidSubnets": "V1MaasSubnetsGet", "v1MaasAccountsUidTags": "V1MaasTagsGet"} {
		one, err := w.call(op, id(w.account))
		if err != nil {
			return err
		}
		two, err := w.call(again, params{query: map[string]string{"cloudAccountUid": w.account}})
		if err != nil {
			return err
		}
		if fmt.Sprint(one) != fmt.Sprint(two) {
			return fmt.Errorf("%s says %v, %s says %v", op, one, again, two)
		}
	}
	_, err := w.body("V1MaasAccountValidate", params{}, maasAccount(w, w.s.maasKey()))
	return refusedWith(err, 400, "GatewayRequired")
}

func lists(w *walk) error {
	for i := 0; i < 3; i++ {
		if _, err := w.body("v1CloudAccountsMaasCreate", params{}, m{"metadata": m{"name": fmt.Sprint("page", i)},
			"spec": maasAccount(w, w.s.maasKey())}); err != nil {
			return err
		}
	}
	var names []string
	query := map[string]string{"limit": "2", "orderBy": "metadata.name=-1",
		"filters": "metadata.annotations.overlordUid="}
	for {
		v, err := w.call("v1CloudAccountsMaasList", params{query: query})
		if err != nil {
			return err
		}
		for i := 0; at(v, fmt.Sprint("items.", i)) != nil; i++ {
			names = append(names, text(v, fmt.Sprint("items.", i, ".metadata.name")))
			if _, err := w.call("v1CloudAccountsMaasDelete",
				id(text(v, fmt.Sprint("items.", i, ".metadata.uid")))); err != nil && len(names) > 2 {
				return err
			}
		}
		if len(names) >= 2 && text(v, "listmeta.continue") != "" {
			query["continue"] = "0" // the first two are gone by now
			continue
		}
		break
	}
	if fmt.Sprint(names) != "[page2 page1 page0]" {
		return fmt.Errorf("the pages hold %v", names)
	}
	if err := w.get("v1CloudAccountsMaasList", params{query: map[string]string{"limit": "0"}},
		"listmeta.continue", ""); err != nil {
		return err
	}
	_, err := w.call("v1CloudAccountsListSummary", params{})
	return err
}

func profiles(w *walk) error {
	v, err := w.body("v1ClusterProfilesCreate", params{query: map[string]string{"publish": "true"}},
		m{"metadata": m{"name": "base"}, "spec": m{"template": m{"cloudType": "maas", "type": "cluster",
			"packs": []m{{"name": "ubuntu-maas", "tag": "22.04", "type": "spectro"}}}, "version": "1.0.0"}})
	if err != nil {
		return err
	}
	if err := w.get("v1ClusterProfilesGet", id(uidOf(v)), "spec.published.name", "base"); err != nil {
		return err
	}
	if _, err := w.body("v1ClusterProfilesUpdate", id(uidOf(v)), m{"metadata": m{"name": "base2"}}); err != nil {
		return err
	}
	_, err = w.call("v1ClusterProfilesDelete", id(uidOf(v)))
	return err
}

func trust(w *walk) error {
	v, err := w.call("v1OverlordsUidGet", id(w.pcg))
	if err != nil {
		return err
	}
	p := params{path: map[string]string{"tenantUid": text(v, "spec.tenantUid")}}
	cert := m{"metadata": m{"name": "proxy"}, "spec": m{"isCA": false, "key": "secret",
		"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}}
	v, err = w.body("V1TenantUidAssetsCertsCreate", p, cert)
	if err != nil {
		return err
	}
	one := params{path: map[string]string{"tenantUid": p.path["tenantUid"], "certificateUid": uidOf(v)}}
	if err := w.get("V1TenantUIdAssetsCertsList", p, "items.0.spec.key", "********"); err != nil {
		return err
	}
	if err := w.get("V1TenantUidAssetsCertsUidGet", one, "spec.key", "********"); err != nil {
		return err
	}
	if _, err := w.body("V1TenantUidAssetsCertsUidUpdate", one, cert); err != nil {
		return err
	}
	_, err = w.call("V1TenantUidAssetsCertsUidDelete", one)
	return err
}

func poolOf(name string, size int, controlPlane bool, label string) m {
	return m{"cloudConfig": m{"azs": nil, "instanceType": m{"minCPU": 1, "minMemInMB": 1024,
		"minDiskSizeInGB": 8}, "resourcePool": "default", "tags": nil, "useLxdVm": false},
		"poolConfig": m{"name": name, "size": size, "isControlPlane": controlPlane,
			"labels": []string{label}, "taints": nil, "additionalLabels": nil,
			"updateStrategy": m{"type": "RollingUpdateScaleOut"}, "useControlPlaneAsWorker": true}}
}

func entity(w *walk, name string) m {
	return m{"metadata": m{"name": name, "labels": m{"walked": "yes"}, "annotations": m{"note": "x"}},
		"spec": m{"cloudAccountUid": w.account, "profiles": nil, "policies": nil,
			"clusterConfig":     m{"timezone": "UTC", "machineManagementConfig": nil},
			"cloudConfig":       m{"domain": "maas", "sshKeys": nil, "ntpServers": nil, "staticIp": false},
			"machinepoolconfig": []m{poolOf("cp", 1, true, "control-plane")}}}
}

func create(w *walk) error {
	if err := w.get2("v1SpectroClustersMaasValidate", params{}, entity(w, "walked"),
		"machinePools.results.0.name", "cp"); err != nil {
		return err
	}
	if err := w.get2("v1SpectroClustersMaasRate", params{query: map[string]string{"periodType": "hourly"}},
		m{"cloudConfig": m{"domain": "maas"}, "machinepoolconfig": []m{poolOf("cp", 1, true, "x")}},
		"machinePools.0.nodesCount", "1"); err != nil {
		return err
	}
	v, err := w.body("v1SpectroClustersMaasCreate", params{}, entity(w, "walked"))
	if err != nil {
		return err
	}
	w.cluster = uidOf(v)
	v, err = w.call("v1SpectroClustersGet", id(w.cluster))
	if err != nil {
		return err
	}
	w.cloudConfig = text(v, "spec.cloudConfigRef.uid")
	if text(v, "metadata.annotations.overlordUid") != w.pcg || text(v, "metadata.annotations.note") != "x" {
		return fmt.Errorf("annotations: %v", at(v, "metadata.annotations"))
	}
	scope := w.project
	w.project = "" // clusters are searched from the tenant
	err = w.get2("v1SpectroClustersSearchFilterSummary", params{query: map[string]string{"limit": "10"}},
		search("clusterName", "walked"), "items.0.metadata.uid", w.cluster)
	if err == nil {
		_, err = w.call("v1SpectroClustersSearchSchema", params{})
	}
	w.project = scope
	return err
}

func (w *walk) get2(op string, p params, body any, path, wanted string) error {
	p.body = body
	return w.get(op, p, path, wanted)
}

func running(w *walk) error {
	err := until("a machine boots and its agent registers", func() (bool, error) {
		v, err := w.call("v1CloudConfigsMaasPoolMachinesList", w.pool("cp"))
		if err != nil || at(v, "items.0") == nil {
			return false, err
		}
		w.agent, err = w.s.boot(text(v, "items.0.metadata.name"), "127.0.0.101")
		return w.agent != nil, err
	})
	if err != nil {
		return err
	}
	return until("the cluster is Running and Healthy", func() (bool, error) {
		if err := w.agent.beat(); err != nil {
			return false, err
		}
		v, err := w.call("v1SpectroClustersGet", id(w.cluster))
		if err != nil || text(v, "status.state") != "Running" {
			return false, err
		}
		v, err = w.call("v1SpectroClustersSummaryUidOverview", id(w.cluster))
		return text(v, "status.health.state") == "Healthy", err
	})
}

func (w *walk) pool(name string) params {
	return params{path: map[string]string{"configUid": w.cloudConfig, "machinePoolName": name},
		query: map[string]string{"limit": "50"}}
}

func readBack(w *walk) error {
	_, err := w.call("v1SpectroClustersUidKubeConfigClientGet", id(w.cluster))
	if err := refusedWith(err, 404, "ResourceNotFound"); err != nil {
		return err
	}
	if err := w.agent.send("POST", "/v1/spectroclusters/"+w.cluster+"/assets", m{"spec": m{
		"kubeconfig": "apiVersion: v1\n", "kubeconfigclient": "apiVersion: v1\n", "manifest": "kind: A\n",
		"frpKubeconfig": "f", "tokenkubeconfig": "t"}}, nil); err != nil {
		return err
	}
	for _, op := range []string{"v1SpectroClustersUidKubeConfig", "v1SpectroClustersUidAdminKubeConfig",
		"v1SpectroClustersUidKubeConfigClientGet", "v1SpectroClustersUidFrpKubeConfigGet",
		"v1SpectroClustersUidTokenKubeConfigGet", "v1SpectroClustersUidManifestGet",
		"v1SpectroClustersUidAssetsGet", "v1SpectroClustersSummaryUid"} {
		v, err := w.call(op, id(w.cluster))
		if err != nil {
			return err
		}
		if v == "" {
			return fmt.Errorf("%s is empty", op)
		}
	}
	for _, op := range []string{"v1SpectroClustersUidFrpKubeConfigDelete",
		"v1SpectroClustersUidTokenKubeConfigDelete", "v1SpectroClustersUidKubeConfigClientDelete"} {
		if _, err := w.call(op, id(w.cluster)); err != nil {
			return err
		}
	}
	if err := w.get("v1SpectroClustersUidStatus", id(w.cluster), "status.state", "Running"); err != nil {
		return err
	}
	config := params{path: map[string]string{"configUid": w.cloudConfig}}
	if err := w.get("v1CloudConfigsMaasGet", config, "spec.machinePoolConfig.0.name", "cp"); err != nil {
		return err
	}
	if _, err := w.body("v1CloudConfigsMaasUidClusterConfig", config,
		m{"clusterConfig": m{"domain": "maas", "ntpServers": []string{"ntp.example"}}}); err != nil {
		return err
	}
	if _, err := w.body("v1SpectroClustersUidMetadataUpdate", id(w.cluster),
		m{"metadata": m{"labels": m{"walked": "again"}}}); err != nil {
		return err
	}
	return machine(w)
}

func machine(w *walk) error {
	v, err := w.call("v1CloudConfigsMaasPoolMachinesList", w.pool("cp"))
	if err != nil {
		return err
	}
	one := params{path: map[string]string{"configUid": w.cloudConfig, "machinePoolName": "cp",
		"machineUid": text(v, "items.0.metadata.uid")}}
	if err := w.get("v1CloudConfigsMaasPoolMachinesUidGet", one, "metadata.name",
		text(v, "items.0.metadata.name")); err != nil {
		return err
	}
	one.path["cloudType"] = "maas"
	_, err = w.body("v1CloudConfigsMachinePoolsMachineUidMaintenanceUpdate", one, m{"action": "cordon"})
	return err
}

func workers(w *walk) error {
	config := params{path: map[string]string{"configUid": w.cloudConfig}}
	if _, err := w.body("v1CloudConfigsMaasMachinePoolCreate", config, poolOf("workers", 1, false, "worker")); err != nil {
		return err
	}
	if _, err := w.body("v1CloudConfigsMaasMachinePoolUpdate", params{path: w.pool("workers").path},
		poolOf("workers", 2, false, "worker")); err != nil {
		return err
	}
	if err := w.get("v1CloudConfigsMaasGet", config, "spec.machinePoolConfig.1.size", "2"); err != nil {
		return err
	}
	if err := w.get("v1CloudConfigsMaasPoolMachinesList", w.pool("workers"), "listmeta.count", "0"); err != nil {
		return err
	}
	_, err := w.call("v1CloudConfigsMaasMachinePoolDelete", params{path: w.pool("workers").path})
	return err
}

func events(w *walk) error {
	event := m{"relatedObject": m{"kind": "spectrocluster", "uid": w.cluster}, "reason": "Walked",
		"message": "m", "severity": "Info"}
	if err := w.agent.send("POST", "/v1/events/components/bulk", []m{event, event}, nil); err != nil {
		return err
	}
	p := params{path: map[string]string{"objectKind": "spectrocluster", "objectUid": w.cluster},
		query: map[string]string{"filters": "reason=Walked"}}
	if err := w.get("v1EventsComponentsObjTypeUidList", p, "listmeta.count", "2"); err != nil {
		return err
	}
	if _, err := w.call("v1EventsComponentsList", params{query: map[string]string{"limit": "1"}}); err != nil {
		return err
	}
	_, err := w.call("v1EventsComponentsObjTypeUidDelete", params{path: p.path})
	return err
}

func (w *walk) gone(cluster string) func() (bool, error) {
	return func() (bool, error) {
		v, err := w.call("v1SpectroClustersGet", id(cluster))
		if refusedWith(err, 404, "ResourceNotFound") == nil {
			return true, nil
		}
		return text(v, "status.state") == "Deleted", err
	}
}

func deleted(w *walk) error {
	if _, err := w.call("v1SpectroClustersDelete", id(w.cluster)); err != nil {
		return err
	}
	if err := w.agent.send("PUT", "/v1/x-gp/agent/"+w.cluster+"/quiesced", m{}, nil); err != nil {
		return err
	}
	return until("the cluster is gone", w.gone(w.cluster))
}

func forced(w *walk) error {
	if err := w.gateway.Process.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	_ = w.gateway.Wait()
	v, err := w.body("v1SpectroClustersMaasCreate", params{}, entity(w, "stuck"))
	if err != nil {
		return err
	}
	stuck := uidOf(v)
	force := params{path: map[string]string{"uid": stuck}, query: map[string]string{"forceDelete": "true"}}
	_, err = w.call("v1SpectroClustersDelete", force)
	if err := refusedWith(err, 409, "ForceDeleteTooEarly"); err != nil {
		return err
	}
	if _, err := w.call("v1SpectroClustersDelete", id(stuck)); err != nil {
		return err
	}
	if err := w.get("v1SpectroClustersGet", id(stuck), "status.state", "Deleting"); err != nil {
		return err
	}
	err = until("force is allowed", func() (bool, error) {
		_, err := w.call("v1SpectroClustersDelete", force)
		if refusedWith(err, 409, "ForceDeleteTooEarly") == nil {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return until("the record is gone", w.gone(stuck))
}

func tidy(w *walk) error {
	if _, err := w.call("v1CloudAccountsMaasDelete", id(w.account)); err != nil {
		return err
	}
	_, err := w.call("v1CloudAccountsMaasGet", id(w.account))
	return refusedWith(err, 404, "ResourceNotFound")
}
