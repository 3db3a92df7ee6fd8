using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using NetStack.Dns;
using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack;

/// <summary>
/// A host with a stack of its own, on NICs of its own: connects, listens, sends. Made by <see cref="CreateBuilder"/>; disposing of
/// it ends its connections, then takes every buffer back from its devices.
/// </summary>
/// <remarks>All members may be called from any thread.</remarks>
public sealed partial class NetStackHost : IAsyncDisposable
{
    private readonly NetStackHostOptions _options;
    private readonly StackDriver _driver;
    private readonly HostDiagnostics _diagnostics;
    private readonly bool _ownsLoop;
    private int _isStopped;

    internal NetStackHost(NetStackHostOptions options, IReadOnlyList<(INic Nic, NicOptions Options)> nics, NetLoop loop, bool ownsLoop)
    {
        _options = options;
        _ownsLoop = ownsLoop;
        Loop = loop;
        _diagnostics = new HostDiagnostics(Loop, options);
        using (Loop.Enter())
        {
            _driver = new StackDriver(Loop, new NetworkStack(WithRandomness(options)), _diagnostics);
            _dns = new DnsService(Stack, options.Dns);
            foreach ((INic nic, NicOptions nicOptions) in nics)
            {
                NicAttachment attachment = _driver.Attach(nic, nicOptions, options.PassThrough);
                if (nicOptions.Dhcp) StartDhcp(attachment.Interface, nicOptions.DhcpOptions);
            }
            if (options.PassThrough) _driver.PassThrough(options.BodyLease);
            _diagnostics.OnStarted(_driver.Attachments);
        }
        _diagnostics.Metrics = new HostMetrics(_driver, options);
        Loop.Add(_driver);
    }

    /// <summary>What drives the host.</summary>
    public NetLoop Loop { get; }

    /// <summary>The stack, for what this class does not offer. It may only be touched inside <see cref="NetLoop.Run"/>.</summary>
    public NetworkStack Stack => _driver.Stack;

    internal StackDriver Driver => _driver;

    /// <summary>The host's name, and for each NIC on what terms its frames come.</summary>
    public override string ToString() => $"{_options.Name}: {string.Join("; ", _driver.Attachments.Select(a => $"{a.Interface.Name} {a.Terms}"))}";

    /// <summary>Begins a host.</summary>
    public static NetStackHostBuilder CreateBuilder() => new();

    /// <summary>Listens for TCP connections.</summary>
    /// <param name="endPoint">The address and port. <see cref="IPAddress.Any"/> takes IPv4, <see cref="IPAddress.IPv6Any"/> takes both
    /// families; port 0 takes a free one.</param>
    /// <param name="backlog">Established connections that may wait to be accepted, at least 1.</param>
    /// <param name="options">Options of the connections; null for the stack's defaults.</param>
    /// <param name="scheduler">Where continuations of accepts run, and those of the accepted connections; null for
    /// <see cref="NetStackHostOptions.Scheduler"/>.</param>
    /// <exception cref="SocketException"><see cref="SocketError.AddressAlreadyInUse"/>, <see cref="SocketError.AddressNotAvailable"/>.</exception>
    public NetListener ListenTcp(IPEndPoint endPoint, int backlog = 512, TcpConnectionOptions? options = null, PipeScheduler? scheduler = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentOutOfRangeException.ThrowIfLessThan(backlog, 1);
        TcpBindOptions bind = new(EndPoints.ToWire(endPoint)) { DualMode = endPoint.Address.Equals(IPAddress.IPv6Any), Interface = EndPoints.ScopeOf(endPoint.Address) };
        using (Loop.Enter())
        {
            CheckRunning();
            TcpError error = Stack.Tcp.Listen(new TcpListenOptions(bind) { Backlog = backlog, Connection = options }, out Tcp.TcpListener? listener);
            if (error != TcpError.None) throw SocketErrors.Exception(error);
            return new NetListener(_driver, listener!, scheduler ?? _options.Scheduler);
        }
    }

    /// <summary>Ends everything: listeners and UDP sockets at once; connections by a FIN where they were closed, or by a reset after
    /// <see cref="NetStackHostOptions.StopTimeout"/>; then the NICs are given back and disposed of.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0) return;
        using (Loop.Enter())
        {
            foreach (IDisposable open in _driver.Open.ToArray()) open.Dispose();
        }
        await WaitForOrphansAsync().ConfigureAwait(false);
        Task detached;
        using (Loop.Enter())
        {
            Stack.Tcp.AbortAll();
            _dns.Stop(Loop.Now);
            StopDhcp();
            _driver.Touch(); // the resets, and what DHCP releases
            Task returned = _driver.Bodies?.StopAsync() ?? Task.CompletedTask;
            detached = Task.WhenAll(_driver.Attachments.Select(a => a.DetachAsync(Loop.Now)).Append(returned).ToArray());
        }
        Loop.Kick();
        await detached.ConfigureAwait(false);
        Loop.Remove(_driver);
        foreach (INic nic in _driver.Nics) nic.Dispose();
        if (_ownsLoop) await Loop.DisposeAsync().ConfigureAwait(false);
        _diagnostics.OnStopped();
    }

    /// <summary>Connections that programs let go of end by themselves; for a while.</summary>
    private async ValueTask WaitForOrphansAsync()
    {
        Instant limit = Loop.Now + _options.StopTimeout;
        while (Loop.Now < limit)
        {
            using (Loop.Enter())
            {
                if (Stack.Tcp.OrphanCount == 0) return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(5), Loop.TimeProvider).ConfigureAwait(false);
        }
    }

    private void CheckRunning() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isStopped) != 0, this);

    private static StackOptions WithRandomness(NetStackHostOptions options)
    {
        StackOptions stack = options.Stack;
        if (options.Seed is { } seed)
        {
            stack.Seed = seed;
            return stack;
        }
        Span<byte> random = stackalloc byte[24];
        RandomNumberGenerator.Fill(random);
        stack.Seed = BitConverter.ToUInt64(random);
        stack.Secret = new UInt128(BitConverter.ToUInt64(random[8..]), BitConverter.ToUInt64(random[16..]));
        return stack;
    }
}
