using System.Globalization;
using NetStack.Memory;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tests.Kit;

namespace NetStack.Bench;

/// <summary>What an established connection with nothing to do costs in memory.</summary>
internal static class IdleMemory
{
    private const int Connections = 10_000;
    private const int Wave = 100; // as many at once as a listener's queue takes

    internal static void Print(TextWriter output)
    {
        DrivenPair pair = new(new VirtualLink(new Impairment { Delay = TimeSpan.FromMicroseconds(50) }));
        TcpEndpoint server = new(pair.Bob.Address, 80);
        pair.Bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(server)), out TcpListener? listener);
        TcpConnection[] active = new TcpConnection[Connections + Wave];
        TcpConnection[] passive = new TcpConnection[Connections + Wave];
        int accepted = 0;
        pair.Alice.Driver.Program = _ => ReadEvents(pair.Alice.Stack.Tcp);
        pair.Bob.Driver.Program = _ =>
        {
            ReadEvents(pair.Bob.Stack.Tcp);
            while (listener!.TryAccept(out TcpConnection? connection)) passive[accepted++] = connection!;
        };
        long before = 0;
        for (int opened = 0; opened < active.Length; opened += Wave)
        {
            if (opened == Wave) before = Held(); // what is there once is there now
            for (int i = opened; i < opened + Wave; i++) pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(server), pair.Clock.Now, out active[i]!);
            while (pair.Clock.Step()) { }
            if (accepted != opened + Wave) throw new InvalidOperationException($"{accepted} connections of {opened + Wave} were accepted.");
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"idle connection {(Held() - before) / 2 / Connections} bytes, its share of tables included: the mean of both ends over {Connections} connections"));
        GC.KeepAlive(pair);
        GC.KeepAlive(active);
    }

    private static void ReadEvents(TcpLayer tcp)
    {
        while (tcp.TryReadEvent(out _)) { }
    }

    private static long Held() => GC.GetTotalMemory(forceFullCollection: true);
}
