// A listener and a client, on two hosts joined by a virtual cable, in one process and without privileges.
//
//   dotnet run -c Release --project samples/00-echo
//
// On a real wire the NIC is a TapNic instead, and the rest stays as it is: see samples/03-tap-server.

using System.Net;
using System.Text;
using NetStack;
using NetStack.Nic.Virtual;
using NetStack.Wire;

VirtualNic left = new(new VirtualNicOptions { Name = "left", Mac = new MacAddress(0x02_00_00_00_00_01) });
VirtualNic right = new(new VirtualNicOptions { Name = "right", Mac = new MacAddress(0x02_00_00_00_00_02) });
VirtualLink cable = new(new Impairment { Delay = TimeSpan.FromMilliseconds(5), Loss = 0.01 });
cable.Connect(left, right);

await using RealTimeLoop loop = new(); // one loop drives all that is joined
loop.Add(cable);
await using NetStackHost server = await NetStackHost.CreateBuilder().UseLoop(loop).AddNic(right, o => o.Address("10.0.0.2/24")).StartAsync();
await using NetStackHost host = await NetStackHost.CreateBuilder().UseLoop(loop).AddNic(left, o => o.Address("10.0.0.1/24")).StartAsync();

// <readme>
await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
_ = Task.Run(async () => { await foreach (NetConnection c in listener.AcceptAllAsync()) _ = Echo(c); });

await using NetConnection peer = await host.ConnectTcpAsync(new IPEndPoint(IPAddress.Parse("10.0.0.2"), 7));
using StreamReader reader = new(peer.AsStream());
await peer.Output.WriteAsync(Encoding.UTF8.GetBytes("hello from the other stack\n"));
Console.WriteLine(await reader.ReadLineAsync());

static async Task Echo(NetConnection c) { await using (c) await c.Input.CopyToAsync(c.Output); }
// </readme>
