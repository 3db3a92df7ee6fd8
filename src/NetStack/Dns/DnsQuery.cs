using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>One question under way: for everybody who wants to know it, so that a forger has one chance, not many (RFC 5452 section 5).</summary>
internal sealed class DnsQuery : IDeadlineItem
{
    private readonly DnsServer[] _servers;
    private readonly int _first;
    private int _slot;

    internal DnsQuery(DnsKey key, byte[] name, DnsServer[] servers, int first)
    {
        Key = key;
        Target = name;
        _servers = servers;
        _first = first;
    }

    internal DnsKey Key { get; }

    /// <summary>The name that is asked for now: the key's, or what that is an alias of.</summary>
    internal byte[] Target { get; set; }

    internal List<DnsLookup> Waiters { get; } = [];

    /// <summary>Whom is asked now.</summary>
    internal DnsServer Server => _servers[(_first + Asked) % _servers.Length];

    /// <summary>Servers asked in vain, counted over all rounds.</summary>
    internal int Asked { get; private set; }

    internal int Round => Asked / _servers.Length;

    internal ushort Id { get; set; }

    internal bool UsesEdns { get; set; } = true;

    internal bool UsesTcp { get; set; }

    /// <summary>Whether a server answered that it does not know.</summary>
    internal bool SawFailure { get; set; }

    /// <summary>Aliases followed so far.</summary>
    internal int Aliases { get; set; }

    /// <summary>The least time to live of what led to the target, in seconds.</summary>
    internal uint TimeToLive { get; set; } = uint.MaxValue;

    /// <summary>Answers that were none: a forger at work, where there are many.</summary>
    internal int Mismatches { get; set; }

    internal bool IsOver { get; set; }

    internal bool IsQueued { get; set; }

    /// <summary>The socket or connection of the present attempt, which whoever sends keeps here.</summary>
    internal object? Transport { get; set; }

    ref int IDeadlineItem.DeadlineSlot => ref _slot;

    /// <summary>Goes on with the next server, which knows nothing of what the last one did not understand.</summary>
    internal void NextServer()
    {
        Asked++;
        (UsesTcp, UsesEdns) = (false, true);
    }
}
