namespace NetStack;

/// <summary>Puts a host together.</summary>
public sealed class NetStackHostBuilder
{
    private readonly List<(INic Nic, NicOptions Options)> _nics = [];
    private NetLoop? _loop;

    internal NetStackHostBuilder(NetStackHostOptions? options = null) => Options = options ?? new NetStackHostOptions();

    /// <summary>The settings.</summary>
    public NetStackHostOptions Options { get; }

    /// <summary>Adds a NIC: a device, or a port of a multiplexer. The host owns it and disposes of it when it stops.</summary>
    /// <param name="nic">The NIC, used by nobody else.</param>
    /// <param name="configure">Sets addresses and more.</param>
    public NetStackHostBuilder AddNic(INic nic, Action<NicOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(nic);
        NicOptions options = new();
        configure?.Invoke(options);
        _nics.Add((nic, options));
        return this;
    }

    /// <summary>Changes settings.</summary>
    public NetStackHostBuilder Configure(Action<NetStackHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(Options);
        return this;
    }

    /// <summary>Runs the host on a loop that others use too: hosts whose NICs are joined by a virtual link or a multiplexer must share
    /// one. Without this the host has a <see cref="RealTimeLoop"/> of its own.</summary>
    public NetStackHostBuilder UseLoop(NetLoop loop)
    {
        _loop = loop;
        return this;
    }

    /// <summary>Starts the host. Where that fails the NICs stay the caller's.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public async Task<NetStackHost> StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_loop is not null) return new NetStackHost(Options, _nics, _loop, ownsLoop: false);
        RealTimeLoop own = new(new RealTimeLoopOptions { Name = Options.Name, TimeProvider = Options.TimeProvider ?? TimeProvider.System });
        try
        {
            return new NetStackHost(Options, _nics, own, ownsLoop: true);
        }
        catch
        {
            await own.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
