using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace NetStack.TestCaptures;

/// <summary>
/// The contract of the JSON form, written down a second time: which keys a packet, a layer and a note have, and of what type.
/// Further keys are allowed everywhere.
/// </summary>
internal static partial class JsonContract
{
    /// <summary>Keys of each layer as "name:type"; those that need not be there begin with "?".</summary>
    private static readonly Dictionary<string, string> Layers = new()
    {
        ["eth"] = "dst:mac src:mac ?ethertype:int ?length:int",
        ["vlan"] = "id:int priority:int dei:bool ?ethertype:int ?length:int",
        ["llc"] = "",
        ["mpls"] = "label:int tc:int bottom:bool ttl:int",
        ["pppoe"] = "code:int session_id:int length:int",
        ["ppp"] = "protocol:int",
        ["sll"] = "version:int packet_type:int arphrd:int ?protocol:int",
        ["null"] = "family:int",
        ["arp"] = "hw_type:int proto_type:int op:int ?sender_mac:mac ?sender_ip:ip ?target_mac:mac ?target_ip:ip",
        ["ipv4"] = "header_len:int tos:int total_len:int id:int rf:bool df:bool mf:bool frag_offset:int ttl:int proto:int checksum:int "
            + "checksum_ok:bool src:ip dst:ip ?options:ints",
        ["ipv6"] = "tclass:int flow:int payload_len:int next_header:int hop_limit:int src:ip dst:ip",
        ["ipv6_hopopts"] = "next_header:int header_len:int",
        ["ipv6_dstopts"] = "next_header:int header_len:int",
        ["ipv6_routing"] = "next_header:int header_len:int routing_type:int segments_left:int",
        ["ipv6_frag"] = "next_header:int frag_offset:int mf:bool id:int",
        ["ah"] = "next_header:int spi:int seq:int",
        ["tcp"] = "src_port:int dst_port:int seq:int ack:int header_len:int flags:int window:int checksum:int urgent:int options:ints payload_len:int "
            + "?mss:int ?window_scale:int ?ts_val:int ?ts_ecr:int ?sack:pairs",
        ["udp"] = "src_port:int dst_port:int length:int checksum:int",
        ["icmp"] = "type:int code:int checksum:int ?id:int ?seq:int",
        ["icmpv6"] = "type:int code:int checksum:int ?id:int ?seq:int",
        ["igmp"] = "type:int",
        ["gre"] = "version:int protocol:int ?key:int ?seq:int",
        ["vxlan"] = "vni:int",
        ["geneve"] = "vni:int protocol:int options_len:int",
    };

    private static readonly string[] NoteCodes =
        ["truncated", "bad_length", "bad_version", "bad_checksum", "length_exceeds_packet", "unsupported", "depth_limit"];

    /// <summary>Checks one line.</summary>
    internal static JsonElement Check(string line, long number)
    {
        JsonElement packet = JsonDocument.Parse(line).RootElement;
        Keys(packet, "n:int ?ts:time caplen:int len:int linktype:int interface:int layers:objects ?payload:object ?notes:objects", isWhole: true, line);
        Assert.Equal(number, packet.GetProperty("n").GetInt64());
        JsonElement[] notes = packet.TryGetProperty("notes", out JsonElement found) ? [.. found.EnumerateArray()] : [];
        foreach (JsonElement note in notes)
        {
            Keys(note, "code:text layer:int detail:text", isWhole: true, line);
            Assert.Contains(note.GetProperty("code").GetString(), NoteCodes);
        }
        CheckLayers([.. packet.GetProperty("layers").EnumerateArray()], isDamaged: notes.Length > 0, line);
        if (packet.TryGetProperty("payload", out JsonElement payload)) CheckPayload(packet, payload, line);
        return packet;
    }

    private static void CheckLayers(JsonElement[] layers, bool isDamaged, string line)
    {
        long offset = 0;
        for (int i = 0; i < layers.Length; i++)
        {
            string name = layers[i].GetProperty("layer").GetString()!;
            Assert.True(Layers.TryGetValue(name, out string? keys), $"no layer is called {name}: {line}");
            long at = layers[i].GetProperty("offset").GetInt64();
            Assert.True(at >= offset, line);
            offset = at;
            // Only the last header may be broken, and then a note says why.
            Keys(layers[i], keys, isWhole: !isDamaged || i < layers.Length - 1, line);
            if (layers[i].TryGetProperty("ethertype", out JsonElement type)) Assert.True(type.GetInt32() >= 1536, line);
            if (name is "eth" or "vlan") Assert.True(layers[i].TryGetProperty("ethertype", out _) != layers[i].TryGetProperty("length", out _), line);
        }
    }

    private static void CheckPayload(JsonElement packet, JsonElement payload, string line)
    {
        Keys(payload, "offset:int len:int captured:int", isWhole: true, line);
        long captured = payload.GetProperty("captured").GetInt64();
        Assert.InRange(captured, 0, payload.GetProperty("len").GetInt64());
        Assert.True(captured == 0 || payload.GetProperty("offset").GetInt64() + captured <= packet.GetProperty("caplen").GetInt64(), line);
    }

    private static void Keys(JsonElement element, string keys, bool isWhole, string line)
    {
        foreach (string key in keys.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = key.TrimStart('?').Split(':');
            if (element.TryGetProperty(parts[0], out JsonElement value)) Assert.True(Is(value, parts[1]), $"{parts[0]} is no {parts[1]}: {line}");
            else Assert.True(key[0] == '?' || !isWhole, $"{parts[0]} is missing: {line}");
        }
        string[] names = [.. element.EnumerateObject().Select(p => p.Name)];
        Assert.Equal(names.Distinct(), names);
    }

    private static bool Is(JsonElement value, string type) => type switch
    {
        "int" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0,
        "bool" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "text" => value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0,
        "mac" => value.ValueKind == JsonValueKind.String && Mac().IsMatch(value.GetString()!),
        "ip" => value.ValueKind == JsonValueKind.String && IPAddress.TryParse(value.GetString(), out _),
        "time" => value.ValueKind == JsonValueKind.String && Time().IsMatch(value.GetString()!),
        "object" => value.ValueKind == JsonValueKind.Object,
        "objects" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => Is(v, "object")),
        "ints" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => Is(v, "int")),
        "pairs" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => Is(v, "ints") && v.GetArrayLength() == 2),
        _ => throw new ArgumentException(type),
    };

    [GeneratedRegex("^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
    private static partial Regex Mac();

    [GeneratedRegex(@"^-?\d+\.\d{9}$")]
    private static partial Regex Time();
}
