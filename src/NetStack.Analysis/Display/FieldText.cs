using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Values as tshark -T fields prints them.</summary>
internal static class FieldText
{
    internal static void Append(ref LineWriter line, DisplayField field, scoped FieldValue value)
    {
        switch (field.Type)
        {
            case DisplayFieldType.Protocol:
                foreach (char c in field.Name) line.Append(c);
                break;
            case DisplayFieldType.None or DisplayFieldType.Boolean:
                line.Append(value.Bits != 0 ? '1' : '0');
                break;
            case DisplayFieldType.Signed32:
                line.Append((long)(Int128)value.Bits);
                break;
            case DisplayFieldType.Ethernet:
                line.Append(new MacAddress((ulong)value.Bits));
                break;
            case DisplayFieldType.Ipv4:
                line.Append(IpAddress.V4((uint)value.Bits));
                break;
            case DisplayFieldType.Ipv6:
                line.Append(IpAddress.V6(value.Bits));
                break;
            case DisplayFieldType.Bytes:
                foreach (byte b in value.Bytes) line.AppendHex(b, 2);
                break;
            case DisplayFieldType.Text:
                line.Append(value.Bytes);
                break;
            case DisplayFieldType.Time:
                TimeText.AppendSeconds(ref line, (Int128)value.Bits);
                break;
            default:
                AppendNumber(ref line, field, (ulong)value.Bits);
                break;
        }
    }

    private static void AppendNumber(ref LineWriter line, DisplayField field, ulong number)
    {
        if (field.HexDigits == 0)
        {
            line.Append((long)number);
            return;
        }
        line.Append("0x"u8);
        line.AppendHex(number, field.HexDigits);
    }
}
