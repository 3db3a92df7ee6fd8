using NetStack.Nic.Virtual.Hostile;

namespace NetStack.Inspect;

/// <summary>The hostile devices that the demonstration can play, by their numbers in docs/trust.md.</summary>
internal static class DemoAttacks
{
    private static readonly (string Id, Func<IEnumerable<HostileBehaviour>> Create)[] Known =
    [
        ("H1", () => Enum.GetValues<RewriteMoment>().Select(moment => new RewriteHeaders(1, moment) { Eagerness = 0.3 })),
        ("H2", () => Enum.GetValues<RewriteMoment>().Select(moment => new RewriteBody(2, moment) { Eagerness = 0.3 })),
        ("H3", () => [new RewriteSummedBody(3)]),
        ("H4", () => [new RewriteAfterFetch(4)]),
        ("H5", () => [new LengthOverCapacity(5) { Eagerness = 0.2 }]),
        ("H6", () => [new LengthOverWritten(6) { Eagerness = 0.2 }]),
        ("H7", () => [new HeaderLengthLie(7) { Eagerness = 0.2 }]),
        ("H8", () => [new BufferIdOutOfRange(8) { Eagerness = 0.2 }]),
        ("H9", () => [new BufferNeverPosted(9) { Eagerness = 0.2 }]),
        ("H10", () => [new DuplicateCompletion(10) { Eagerness = 0.2 }]),
        ("H12", () => [new ForeignBuffer(12) { Eagerness = 0.2 }]),
        ("H13", () => [new BrokenChain(13) { Eagerness = 0.2 }]),
        ("H14", () => [new Misplace(0, 1, 14) { Eagerness = 0.2 }]),
        ("H16", () => [new WrongHash(16)]),
        ("H17", () => [new VouchForDamage(17) { Eagerness = 0.2 }]),
        ("H18", () => [new SegmentCountLie(18, isPossible: false) { Eagerness = 0.2 }]),
        ("H19", () => [new WriteElsewhere(64, 19)]),
        ("H22", () => [new CompletionRewrite(22) { Eagerness = 0.2 }]),
    ];

    /// <summary>The numbers, for help and complaints.</summary>
    internal static string Choices => string.Join(", ", Known.Select(attack => attack.Id));

    /// <summary>Makes the devices of a list such as <c>H1,H4</c>.</summary>
    /// <param name="list">Numbers with commas between.</param>
    /// <param name="unknown">The first that is none; null where all are.</param>
    internal static List<HostileBehaviour> Create(string? list, out string? unknown)
    {
        List<HostileBehaviour> behaviours = [];
        unknown = null;
        foreach (string id in (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            Func<IEnumerable<HostileBehaviour>>? create = Known.FirstOrDefault(attack => string.Equals(attack.Id, id, StringComparison.OrdinalIgnoreCase)).Create;
            if (create is null) unknown ??= id;
            else behaviours.AddRange(create());
        }
        return behaviours;
    }
}
