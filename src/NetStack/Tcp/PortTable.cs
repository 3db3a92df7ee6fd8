using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>
/// Ownership of a local port at an address. Listen or connect with it; <see cref="Release"/> gives it back, as does the close of
/// the listener or connection that took it over.
/// </summary>
public sealed class TcpBinding
{
    private PortTable? _table;

    internal TcpBinding(PortTable table, in TcpBindOptions options)
    {
        _table = table;
        Options = options;
    }

    /// <summary>The address and port; the port is never 0.</summary>
    public TcpEndpoint Local => Options.Local;

    /// <summary>What was asked for, with the port that was chosen.</summary>
    public TcpBindOptions Options { get; }

    /// <summary>The listener on the port, if there is one.</summary>
    internal TcpListener? Listener { get; set; }

    /// <summary>Whether it was not released.</summary>
    internal bool IsHeld => _table is not null;

    /// <summary>Gives the port back. A second call does nothing.</summary>
    public void Release()
    {
        _table?.Remove(this);
        _table = null;
    }

    /// <summary>Whether connections to an address of a family are taken.</summary>
    internal bool Takes(IpAddress address)
    {
        IpAddress local = Local.Address;
        if (local.IsNone) return true;
        if (!local.IsUnspecified) return local == address;
        return local.IsV4 == address.IsV4 || (local.IsV6 && Options.DualMode);
    }

    /// <summary>Whether one segment could be for both.</summary>
    internal bool Overlaps(in TcpBindOptions other)
    {
        if (Options.Interface is { } mine && other.Interface is { } its && mine != its) return false;
        return Overlaps(Options, other, isV4: true) || Overlaps(Options, other, isV4: false);
    }

    private static bool Overlaps(in TcpBindOptions a, in TcpBindOptions b, bool isV4) =>
        TakesFamily(a, isV4) && TakesFamily(b, isV4) && (IsAny(a) || IsAny(b) || a.Local.Address == b.Local.Address);

    private static bool IsAny(in TcpBindOptions options) => options.Local.Address.IsNone || options.Local.Address.IsUnspecified;

    private static bool TakesFamily(in TcpBindOptions options, bool isV4)
    {
        IpAddress address = options.Local.Address;
        if (address.IsNone) return true;
        return isV4 ? address.IsV4 || (address.IsUnspecified && options.DualMode) : address.IsV6;
    }
}

/// <summary>Who owns which port, and which listener a SYN is for.</summary>
internal sealed class PortTable
{
    private readonly Dictionary<ushort, List<TcpBinding>> _bindings = [];

    /// <summary>Whether anybody bound a port.</summary>
    internal bool IsBound(ushort port) => _bindings.ContainsKey(port);

    /// <summary>Bindings held.</summary>
    internal int Count { get; private set; }

    /// <summary>Every listener.</summary>
    internal IEnumerable<TcpListener> Listeners => _bindings.Values.SelectMany(list => list).Select(binding => binding.Listener).OfType<TcpListener>();

    /// <summary>Whether a port could be bound: nobody overlaps, or all who do share it.</summary>
    internal bool IsFree(in TcpBindOptions options)
    {
        if (!_bindings.TryGetValue(options.Local.Port, out List<TcpBinding>? bindings)) return true;
        foreach (TcpBinding binding in bindings)
        {
            if (binding.Overlaps(options) && !(binding.Options.ReusePort && options.ReusePort)) return false;
        }
        return true;
    }

    /// <summary>Binds a port that <see cref="IsFree"/>.</summary>
    internal TcpBinding Add(in TcpBindOptions options)
    {
        if (!_bindings.TryGetValue(options.Local.Port, out List<TcpBinding>? bindings)) _bindings.Add(options.Local.Port, bindings = []);
        TcpBinding binding = new(this, options);
        bindings.Add(binding);
        Count++;
        return binding;
    }

    internal void Remove(TcpBinding binding)
    {
        List<TcpBinding> bindings = _bindings[binding.Local.Port];
        bindings.Remove(binding);
        if (bindings.Count == 0) _bindings.Remove(binding.Local.Port);
        Count--;
    }

    /// <summary>
    /// The listener a SYN is for: the most specific one, an address before any address, an interface before any interface,
    /// a family's own any address before dual mode; among equals that share the port the hash decides.
    /// </summary>
    internal TcpListener? FindListener(in TcpEndpoint local, int interfaceIndex, ulong hash)
    {
        if (!_bindings.TryGetValue(local.Port, out List<TcpBinding>? bindings)) return null;
        int best = 0;
        int count = 0;
        foreach (TcpBinding binding in bindings)
        {
            int score = Score(binding, local.Address, interfaceIndex);
            if (score < best || score == 0) continue;
            count = score == best ? count + 1 : 1;
            best = score;
        }
        if (best == 0) return null;
        int choice = (int)(hash % (ulong)count);
        foreach (TcpBinding binding in bindings)
        {
            if (Score(binding, local.Address, interfaceIndex) == best && choice-- == 0) return binding.Listener;
        }
        return null;
    }

    private static int Score(TcpBinding binding, IpAddress address, int interfaceIndex)
    {
        if (binding.Listener is null || !binding.Takes(address)) return 0;
        if (binding.Options.Interface is { } bound && bound != interfaceIndex) return 0;
        IpAddress own = binding.Local.Address;
        int score = own == address ? 5 : own.IsV4 == address.IsV4 && !own.IsNone ? 2 : 1;
        return binding.Options.Interface is null ? score : score + 2;
    }
}
