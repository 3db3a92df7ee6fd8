using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Colours of a terminal (ECMA-48, SGR).</summary>
internal static class Ink
{
    internal const byte Dim = 2;
    internal const byte Red = 31;
    internal const byte Green = 32;
    internal const byte Yellow = 33;
    internal const byte Blue = 34;
    internal const byte Magenta = 35;
    internal const byte Cyan = 36;

    internal static void Begin(ref LineWriter line, bool wanted, byte color)
    {
        if (!wanted) return;
        line.Append("\e["u8);
        line.Append(color);
        line.Append('m');
    }

    internal static void End(ref LineWriter line, bool wanted)
    {
        if (wanted) line.Append("\e[0m"u8);
    }
}
