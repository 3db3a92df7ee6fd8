// Kestrel and HttpClient on two hosts, joined by a cable that loses frames: every protocol, in one process and in virtual time.
//
//   dotnet run -c Release --project samples/06-kestrel-over-netstack -- --loss 0.02 --seed 7 [--trace out.pcapng]
//
// No socket of this machine is used and no privileges are needed. The clock of the stacks stands still while anything runs, so a
// minute on a bad cable passes in a moment. WebApp.cs is what is served, Checks.cs what is asked of it.

using System.CommandLine;
using System.Globalization;
using NetStack;
using NetStack.Kestrel;
using NetStack.Nic;
using NetStack.Nic.Pcap;
using NetStack.Nic.Virtual;
using NetStack.Samples;
using NetStack.Wire;

Option<double> loss = new("--loss") { Description = "The share of frames that the cable loses, each way, 0 to 0.2.", DefaultValueFactory = _ => 0.01 };
Option<ulong> seed = new("--seed") { Description = "Decides which.", DefaultValueFactory = _ => 7 };
Option<double> delay = new("--delay") { Description = "Milliseconds each way.", DefaultValueFactory = _ => 1 };
Option<int> upload = new("--upload") { Description = "Mebibytes of the upload.", DefaultValueFactory = _ => 100 };
Option<FileInfo?> trace = new("--trace") { Description = "Write what passes the client's NIC to this pcapng file." };
loss.Validators.Add(r =>
{
    if (r.GetValueOrDefault<double>() is not (>= 0 and <= 0.2)) r.AddError("--loss is a share from 0 to 0.2.");
});

RootCommand command = new("Kestrel and HttpClient over two TCP/IP stacks and a bad cable.") { loss, seed, delay, upload, trace };
command.SetAction(async (parsed, _) =>
{
    VirtualTimeLoop loop = new();
    int failures = 0;
    try
    {
        await loop.RunAsync(async () => failures = await RunAsync(loop, parsed));
    }
    catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine($"kestrel-over-netstack: {failure.Message}");
        return 1;
    }
    return failures == 0 ? 0 : 2;
});
return await command.Parse(args).InvokeAsync();

async Task<int> RunAsync(VirtualTimeLoop loop, ParseResult parsed)
{
    ulong chance = parsed.GetValue(seed);
    VirtualLink cable = new(new Impairment { Loss = parsed.GetValue(loss), Delay = TimeSpan.FromMilliseconds(parsed.GetValue(delay)) }, seed: chance);
    VirtualNic left = new(new VirtualNicOptions { Name = "client", Mac = new MacAddress(0x02_00_00_00_00_01), Seed = chance });
    VirtualNic right = new(new VirtualNicOptions { Name = "server", Mac = new MacAddress(0x02_00_00_00_00_02), Seed = chance + 1 });
    cable.Connect(left, right);
    loop.Add(cable);
    CaptureTap? tap = parsed.GetValue(trace) is { } file ? new CaptureTap(left, file.FullName, new CaptureTapOptions { TimeProvider = loop.TimeProvider }) : null;

    int failures;
    await using (NetStackHost server = await StartAsync(right, "10.0.0.2/24", chance))
    await using (NetStackHost client = await StartAsync((INic?)tap ?? left, "10.0.0.1/24", chance + 1))
    {
        WebApp served = new(chance, loop.TimeProvider);
        await using KestrelHost app = await served.StartAsync(server);
        failures = await new Checks(client, served, app).RunAsync(parsed.GetValue(upload));
    }

    long lost = cable.AToB.Drops.Total + cable.BToA.Drops.Total;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{lost} of {cable.AToB.Sent + cable.BToA.Sent} frames were lost; {loop.Now.Nanoseconds / 1e9:F1} seconds passed for the stacks"));
    if (tap is not null) Console.WriteLine($"{tap.FramesWritten} frames in {parsed.GetValue(trace)}");
    return failures;

    Task<NetStackHost> StartAsync(INic nic, string address, ulong hostSeed) => NetStackHost.CreateBuilder()
        .UseLoop(loop)
        .Configure(o =>
        {
            o.Seed = hostSeed;
            o.Dns.Hosts["api.test"] = [IpAddress.Parse("10.0.0.2")];
        })
        .AddNic(nic, o => o.Address(address))
        .StartAsync();
}
