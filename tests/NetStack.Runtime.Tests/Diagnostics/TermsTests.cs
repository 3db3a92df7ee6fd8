using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Pcap;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>On what terms a client gets its frames is seen wherever it is named, and two clients of one NIC may differ.</summary>
public sealed class TermsTests
{
    [Fact]
    public async Task Two_clients_of_one_nic_that_differ_say_so_in_text_log_and_metrics()
    {
        using VirtualNic nic = new(new VirtualNicOptions { Name = "eth0", Queues = 2, RssQueues = 1 });
        PacketMultiplexer mux = new(nic);
        MultiplexerPort web = mux.Attach("web", o =>
        {
            o.Copy = CopyStrategy.ZeroCopy;
            o.Trust = Trust.Full;
            o.Placement = Placement.Steered;
            o.Mac = new MacAddress(0x02_00_00_00_00_21);
            o.Address("10.0.0.1");
        });
        MultiplexerPort dns = mux.Attach("dns", o =>
        {
            o.Copy = CopyStrategy.CopyAll;
            o.Mac = new MacAddress(0x02_00_00_00_00_22);
            o.Address("10.0.0.2");
        });
        const string WebTerms = "copy=ZeroCopy trust=data+steering placement=steered verification=trust";
        const string DnsTerms = "copy=CopyAll trust=none placement=copied";
        Assert.Equal($"web: {WebTerms} filter=all", web.ToString());
        Assert.Equal($"dns: {DnsTerms} filter=all", dns.ToString());
        LogRecorder webLog = new(), dnsLog = new();
        VirtualTimeLoop loop = new();
        await loop.RunAsync(async () =>
        {
            using MetricRecorder metrics = new("terms-web");
            await using NetStackHost a = await HostAsync(loop, "terms-web", new CaptureTap(web, CaptureWriter.Create(new MemoryStream())), "10.0.0.1/24", webLog);
            await using NetStackHost b = await HostAsync(loop, "terms-dns", dns, "10.0.0.2/24", dnsLog);
            Assert.Equal($"terms-web: web {WebTerms}", a.ToString());
            Assert.Equal($"terms-dns: dns {DnsTerms}", b.ToString());
            Assert.Equal(1, metrics.Collect()["netstack.interface.info network.interface.name=web netstack.copy=ZeroCopy netstack.trust=data+steering netstack.placement=steered netstack.verification=trust"]);
        });
        Assert.Equal($"Interface web uses web: {WebTerms}.", webLog.TextOf(113));
        Assert.Equal($"Interface dns uses dns: {DnsTerms}.", dnsLog.TextOf(113));
    }

    [Fact]
    public void Options_say_what_they_ask_for()
    {
        Assert.Equal("copy=CopyHeaders trust=none placement=own", new NicOptions().ToString());
        Assert.Equal("copy=PassThrough trust=data placement=own", new NicOptions { Copy = CopyStrategy.PassThrough, Trust = Trust.DataOnly }.ToString());
        Assert.Equal("copy=CopyHeaders trust=none placement=copied", new PortOptions().ToString());
        Assert.Equal("copy=CopyAll trust=steering placement=steered verification=trust",
            new PortOptions { Copy = CopyStrategy.CopyAll, Trust = Trust.SteeringOnly, Placement = Placement.Steered }.ToString());
    }

    private static Task<NetStackHost> HostAsync(NetLoop loop, string name, INic nic, string address, LogRecorder log) => NetStackHost.CreateBuilder()
        .UseLoop(loop)
        .Configure(o => (o.Name, o.Seed, o.LoggerFactory) = (name, 1, log))
        .AddNic(nic, o => o.Address(address))
        .StartAsync();
}
