using System.Globalization;
using NetStack.Wire;

namespace NetStack.Packetdrill;

/// <summary>
/// What <c>--so_flags</c> says: comma-separated words. <c>virtual</c> (the only clock there is), <c>profile=linux|default</c>,
/// <c>local4=ADDRESS/BITS</c>, <c>local6=ADDRESS/BITS</c>, <c>mtu=N</c>, <c>seed=N</c>.
/// </summary>
internal sealed record WorldOptions
{
    internal bool IsLinux { get; private init; } = true;
    internal (IpAddress Address, int Bits) LocalV4 { get; private init; } = (IpAddress.Parse("192.168.0.1"), 16);
    internal (IpAddress Address, int Bits) LocalV6 { get; private init; } = (IpAddress.Parse("fd3d:0a0b:17d6::1"), 64);
    internal int Mtu { get; private init; } = 1500;
    internal ulong Seed { get; private init; } = 1;

    internal static WorldOptions Parse(string flags)
    {
        WorldOptions options = new();
        foreach (string word in flags.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] pair = word.Split('=', 2);
            string value = pair.Length > 1 ? pair[1] : "";
            options = pair[0] switch
            {
                "virtual" => options,
                "profile" => options with { IsLinux = value == "linux" },
                "local4" => options with { LocalV4 = Prefix(value) },
                "local6" => options with { LocalV6 = Prefix(value) },
                "mtu" => options with { Mtu = Number(value) },
                "seed" => options with { Seed = (ulong)Number(value) },
                _ => throw new ArgumentException($"so_flags: '{word}' is not known"),
            };
        }
        return options;
    }

    private static (IpAddress Address, int Bits) Prefix(string text)
    {
        string[] parts = text.Split('/');
        return (IpAddress.Parse(parts[0]), Number(parts[1]));
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
