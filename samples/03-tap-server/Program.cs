// A host on a TAP device: files over HTTP, and an echo server. To Linux it is another machine on the wire.
//
//   sudo ip tuntap add dev tap0 mode tap user $USER && sudo ip address add 10.0.0.1/24 dev tap0 && sudo ip link set tap0 up
//   dotnet run -c Release --project samples/03-tap-server -- --tap tap0 --address 10.0.0.2/24 --root .
//   curl http://10.0.0.2/README.md; ping 10.0.0.2
//
// --peer serves what a benchmark of TCP stacks expects instead: a sink on port 5001, a source on 5002, an echo on 5003.

using System.CommandLine;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using NetStack;
using NetStack.Dhcp;
using NetStack.Dns;
using NetStack.Samples;
using NetStack.Wire;

Option<string> tap = new("--tap") { Description = "The TAP device; it is made where it does not exist.", DefaultValueFactory = _ => "tap0" };
Option<string[]> address = new("--address") { Description = "An address with its prefix length, such as 10.0.0.2/24; may be repeated." };
Option<string[]> gateway = new("--gateway") { Description = "The default router; one for each family." };
Option<bool> dhcp = new("--dhcp") { Description = "Ask for an address by DHCP." };
Option<string[]> dns = new("--dns") { Description = "A DNS server's address." };
Option<string?> resolve = new("--resolve") { Description = "Print the addresses of a name, and end." };
Option<DirectoryInfo> root = new("--root") { Description = "The directory that is served; PUT writes to it.", DefaultValueFactory = _ => new DirectoryInfo(".") };
Option<int> http = new("--http") { Description = "The port of the file server.", DefaultValueFactory = _ => 80 };
Option<int> echo = new("--echo") { Description = "The port of the echo server, TCP and UDP.", DefaultValueFactory = _ => 7 };
Option<bool> peer = new("--peer") { Description = "Serve sink, source and echo on ports 5001 to 5003 instead." };
Option<bool> inline = new("--inline") { Description = "Run the servers on the stack's own thread." };
Option<double> busyPoll = new("--busy-poll") { Description = "Milliseconds to go on polling before sleeping; -1 never sleeps." };
Option<double> stats = new("--stats") { Description = "Print what the host holds on standard error, every so many seconds." };

RootCommand command = new("A host on a TAP device: an HTTP file server and an echo server.") { tap, address, gateway, dhcp, dns, resolve, root, http, echo, peer, inline, busyPoll, stats };
command.SetAction(async (parsed, cancellationToken) =>
{
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
    try
    {
        await using NetLoop loop = new RealTimeLoop(new RealTimeLoopOptions { BusyPoll = parsed.GetValue(busyPoll) < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(parsed.GetValue(busyPoll)) });
        await using NetStackHost host = await NetStackHost.CreateBuilder()
            .UseLoop(loop)
            .Configure(o =>
            {
                if (parsed.GetValue(inline)) o.Scheduler = PipeScheduler.Inline;
                foreach (string server in parsed.GetValue(dns) ?? []) o.Dns.Servers.Add(new DnsServer(IpAddress.Parse(server)));
            })
            .AddNic(new TapNic(parsed.GetValue(tap)!), o =>
            {
                foreach (string a in parsed.GetValue(address) ?? []) o.Address(a);
                foreach (string g in parsed.GetValue(gateway) ?? []) o.Gateway(g);
                o.Dhcp = parsed.GetValue(dhcp);
            })
            .StartAsync(cancellationToken);
        foreach (DhcpLease lease in await host.WaitForLeasesAsync(cancellationToken)) Console.WriteLine($"{lease.Address}/{lease.PrefixLength} from {lease.Server}");
        if (parsed.GetValue(resolve) is { } name)
        {
            foreach (IPAddress found in await host.ResolveAsync(name, cancellationToken: cancellationToken)) Console.WriteLine(found);
            return 0;
        }
        Task serving = parsed.GetValue(peer)
            ? PeerServer.RunAsync(host, cancellationToken)
            : Task.WhenAll(
                new HttpFileServer(parsed.GetValue(root)!.FullName).RunAsync(host.ListenTcp(new IPEndPoint(IPAddress.IPv6Any, parsed.GetValue(http))), cancellationToken),
                EchoServer.RunAsync(host.ListenTcp(new IPEndPoint(IPAddress.IPv6Any, parsed.GetValue(echo))), cancellationToken),
                EchoServer.RunAsync(host.BindUdp(new IPEndPoint(IPAddress.IPv6Any, parsed.GetValue(echo))), cancellationToken));
        Task reporting = parsed.GetValue(stats) > 0 ? Report.RunAsync(host, TimeSpan.FromSeconds(parsed.GetValue(stats)), cancellationToken) : Task.CompletedTask;
        Console.WriteLine("ready");
        await Task.WhenAll(serving, reporting);
        return 0;
    }
    catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
    {
        return 0; // ^C
    }
    catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException or FormatException or ArgumentException)
    {
        Console.Error.WriteLine($"tap-server: {failure.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
