using System.Globalization;
using System.Net;
using System.Text;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Reads constants by the type of the field they are compared with.</summary>
internal static class FieldLiteral
{
    private const int Nine = 9; // decimals of a second

    /// <exception cref="FilterException">It is no value of that type.</exception>
    internal static FieldConstant Read(FieldOperand operand, DisplayToken token)
    {
        if (token.Kind is DisplayTokenKind.End or DisplayTokenKind.Symbol) throw new FilterException(token.Column, $"a value of {operand.Field.Name} is missing before {token.Name}");
        FieldConstant? constant = operand.Type switch
        {
            DisplayFieldType.Text => token.Kind == DisplayTokenKind.Character ? null : new FieldConstant(0, Bytes: Encoding.UTF8.GetBytes(token.Text)),
            DisplayFieldType.Bytes => Bytes(token),
            DisplayFieldType.Ethernet => Mac(token),
            DisplayFieldType.Ipv4 => Address(operand, token, 4, 32),
            DisplayFieldType.Ipv6 => Address(operand, token, 16, 128),
            DisplayFieldType.Time => Time(token),
            DisplayFieldType.Boolean => Boolean(token) ?? Number(operand.Field, token),
            DisplayFieldType.Protocol => throw new FilterException(token.Column, $"{operand.Field.Name} is a protocol: it is there or not, compare a field of it"),
            DisplayFieldType.None => throw new FilterException(token.Column, $"{operand.Field.Name} is there or not, it has no value to compare"),
            _ => Number(operand.Field, token),
        };
        return constant ?? throw new FilterException(token.Column, $"{token.Name} is no {Kind(operand.Type)}, as {operand.Field.Name} needs one{Advice(operand.Type, token)}");
    }

    /// <summary>Bytes, or the bytes of quoted text.</summary>
    internal static FieldConstant? Bytes(DisplayToken token)
    {
        if (token.Kind == DisplayTokenKind.Text) return new FieldConstant(0, Bytes: Encoding.UTF8.GetBytes(token.Text));
        if (token.Kind == DisplayTokenKind.Character) return token.Text.Length == 1 && token.Text[0] < 256 ? new FieldConstant(0, Bytes: [(byte)token.Text[0]]) : null;
        string text = token.Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? token.Text[2..] : token.Text;
        List<byte> bytes = [];
        for (int at = 0; at < text.Length;)
        {
            if (at > 0 && text[at] is ':' or '-' or '.') at++;
            int digits = at + 1 < text.Length && char.IsAsciiHexDigit(text[at + 1]) ? 2 : 1;
            if (digits == 1 && at + 1 < text.Length && text[at + 1] is not (':' or '-' or '.')) return null;
            if (digits == 1 && at > 0 && text[at - 1] is not (':' or '-' or '.')) return null; // an odd digit at the end of a run
            if (at >= text.Length || !byte.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b)) return null;
            bytes.Add(b);
            at += digits;
        }
        return bytes.Count > 0 ? new FieldConstant(0, Bytes: [.. bytes]) : null;
    }

    private static FieldConstant? Mac(DisplayToken token)
    {
        if (token.Kind != DisplayTokenKind.Word || Bytes(token) is not { Bytes: { Length: MacAddress.Size } bytes } || !token.Text.AsSpan().ContainsAny(":-.")) return null;
        return new FieldConstant(MacAddress.Read(bytes).Value);
    }

    private static FieldConstant? Address(FieldOperand operand, DisplayToken token, int size, int bits)
    {
        string[] parts = token.Text.Split('/');
        if (token.Kind != DisplayTokenKind.Word || parts.Length > 2 || !IsAddressText(parts[0], size) || !IPAddress.TryParse(parts[0], out IPAddress? parsed)) return null;
        IpAddress address = IpAddress.From(parsed);
        if (address.Size != size) return null;
        if (parts.Length == 1) return new FieldConstant(address.Value);
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int prefix) || prefix > bits)
            throw new FilterException(token.Column, $"a prefix of {operand.Field.Name} has 0 to {bits} bits, not \"{parts[1]}\"");
        UInt128 all = size == 4 ? uint.MaxValue : UInt128.MaxValue;
        return new FieldConstant(address.Value, prefix == 0 ? 0 : all & all << (bits - prefix));
    }

    /// <summary>The framework takes 10.1 and 0x0a000001 for IPv4 addresses too, and scopes.</summary>
    private static bool IsAddressText(string text, int size) => size == 4
        ? text.Count(c => c == '.') == 3 && text.All(c => char.IsAsciiDigit(c) || c == '.') && text.Split('.').All(p => p.Length is > 0 and <= 3 && (p.Length == 1 || p[0] != '0'))
        : text.Contains(':') && text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.');

    private static FieldConstant? Time(DisplayToken token)
    {
        string text = token.Text;
        bool isNegative = text.StartsWith('-');
        if (isNegative) text = text[1..];
        int point = text.IndexOf('.');
        string whole = point < 0 ? text : text[..point];
        string fraction = point < 0 ? "" : text[(point + 1)..];
        if (token.Kind != DisplayTokenKind.Word || whole.Length is 0 or > 18 || fraction.Length > Nine || !(whole + fraction).All(char.IsAsciiDigit)) return null;
        Int128 nanoseconds = Int128.Parse(whole + fraction.PadRight(Nine, '0'), CultureInfo.InvariantCulture);
        return new FieldConstant((UInt128)(isNegative ? -nanoseconds : nanoseconds));
    }

    private static FieldConstant? Boolean(DisplayToken token) => token.Kind != DisplayTokenKind.Word ? null : token.Text switch
    {
        "true" or "True" or "TRUE" => new FieldConstant(1),
        "false" or "False" or "FALSE" => new FieldConstant(0),
        _ => null,
    };

    private static FieldConstant? Number(DisplayField field, DisplayToken token)
    {
        if (token.Kind == DisplayTokenKind.Text) return null;
        if (token.Kind == DisplayTokenKind.Character) return token.Text.Length == 1 ? new FieldConstant(token.Text[0]) : null;
        bool isSigned = field.Type == DisplayFieldType.Signed32;
        string text = token.Text;
        bool isNegative = text.StartsWith('-');
        if (isNegative) text = text[1..];
        if (!TryParse(text, out ulong number)) return null;
        ulong most = isSigned ? int.MaxValue + (isNegative ? 1ul : 0) : (1ul << field.Bits) - 1;
        if (field.Type == DisplayFieldType.Boolean) most = ulong.MaxValue;
        if (isNegative && !isSigned) throw new FilterException(token.Column, $"{field.Name} is never negative");
        if (number > most) throw new FilterException(token.Column, $"{token.Text} is too big for {field.Name}, at most {most}");
        return new FieldConstant(isNegative ? (UInt128)(-(Int128)number) : number);
    }

    private static bool TryParse(string text, out ulong number)
    {
        number = 0;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        if (text.StartsWith("0b", StringComparison.OrdinalIgnoreCase)) return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out number);
        if (text.Length < 2 || text[0] != '0') return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        foreach (char c in text)
        {
            if (c is < '0' or > '7' || number >> 61 != 0) return false;
            number = number << 3 | (uint)(c - '0');
        }
        return true;
    }

    private static string Kind(DisplayFieldType type) => type switch
    {
        DisplayFieldType.Text => "text",
        DisplayFieldType.Bytes => "sequence of bytes in hexadecimal",
        DisplayFieldType.Ethernet => "Ethernet address of six bytes",
        DisplayFieldType.Ipv4 => "IPv4 address",
        DisplayFieldType.Ipv6 => "IPv6 address",
        DisplayFieldType.Time => "number of seconds",
        _ => "number",
    };

    private static string Advice(DisplayFieldType type, DisplayToken token) =>
        type is DisplayFieldType.Time or DisplayFieldType.Bytes || token.Text.Length == 0 || !char.IsAsciiLetter(token.Text[0]) ? "" : "; names are not looked up";
}
