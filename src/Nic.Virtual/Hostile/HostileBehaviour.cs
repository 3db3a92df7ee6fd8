namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// One thing a hostile device does, by name. It plugs into any virtual NIC as <see cref="VirtualNicOptions.Tamper"/>, alone or
/// with others in a <see cref="HostileDevice"/>. What it leaves to chance comes from its seed; how often it struck is counted.
/// </summary>
/// <remarks>An instance belongs to one NIC, and to the thread that pumps it.</remarks>
public abstract class HostileBehaviour : DeviceTamper
{
    private SeededRandom _random;

    /// <summary>Names a behaviour.</summary>
    /// <param name="id">Its number in the table of docs/trust.md.</param>
    /// <param name="name">What it does, in a few words.</param>
    /// <param name="seed">Decides what is left to chance.</param>
    protected HostileBehaviour(string id, string name, ulong seed)
    {
        Id = id;
        Name = name;
        Seed = seed;
        _random = new SeededRandom(seed);
    }

    /// <summary>Its number in the table of docs/trust.md.</summary>
    public string Id { get; }

    /// <summary>What it does, in a few words.</summary>
    public string Name { get; }

    /// <summary>Decides what is left to chance.</summary>
    public ulong Seed { get; }

    /// <summary>How often it struck.</summary>
    public long Strikes { get; private set; }

    /// <summary>Whether it strikes; switched off, the device is honest again.</summary>
    public bool IsActive { get; set; } = true;

    /// <summary>The share of its opportunities that it uses, 0 to 1.</summary>
    public double Eagerness { get; init; } = 0.5;

    /// <summary>Number, name, seed and strikes, for messages.</summary>
    public override string ToString() => $"{Id} {Name} (seed {Seed}, {Strikes} strikes)";

    /// <summary>Whether to use this opportunity; counted if so.</summary>
    protected bool Strike()
    {
        if (!IsActive || !_random.Chance(Eagerness)) return false;
        Strikes++;
        return true;
    }

    /// <summary>A number from 0 to less than <paramref name="limit"/>.</summary>
    protected int Below(int limit) => _random.Below(limit);

    /// <summary>Fills bytes by chance.</summary>
    protected void Fill(Span<byte> bytes) => _random.Fill(bytes);
}
